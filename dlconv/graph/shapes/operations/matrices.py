"""Products of matrices, and spectra of real numbers."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import broadcast, same, unknown, with_extent
from dlconv.graph.shapes.rules import gives_shape
from dlconv.graph.shapes.static import Static


@gives_shape("MatMul _FusedMatMul")
def _mat_mul(static: Static, node: NodeDef) -> Shape:
    turned = attribute(node, "transpose_a").b, attribute(node, "transpose_b").b
    return _product(
        static.shape(node, 0) or unknown(2), static.shape(node, 1) or unknown(2), turned
    )


@gives_shape("BatchMatMul BatchMatMulV2 BatchMatMulV3")
def _batch_mat_mul(static: Static, node: NodeDef) -> Shape:
    turned = attribute(node, "adj_x").b, attribute(node, "adj_y").b
    return _product(static.shape(node, 0), static.shape(node, 1), turned)


def _product(first: Shape, second: Shape, turned: tuple[bool, bool]) -> Shape:
    if first is None or second is None:
        return None
    batch = broadcast(first[:-2], second[:-2]) or ()
    return (*batch, first[-1 if turned[0] else -2], second[-2 if turned[1] else -1])


@gives_shape("Einsum")
def _einsum(static: Static, node: NodeDef) -> Shape:
    """The extents that letters stand for; an ellipsis stands for axes that are broadcast."""
    equation = attribute(node, "equation").s.decode().replace(" ", "")
    inputs, output = equation.split("->")
    extents: dict[str, list[Extent]] = {}
    broadcast_axes: list[Shape] = []
    for index, labels in enumerate(inputs.split(",")):
        before, ellipsis, behind = labels.partition("...")
        shape = static.shape(node, index)
        if ellipsis:
            middle = None if shape is None else shape[len(before) : len(shape) - len(behind)]
            broadcast_axes.append(middle)
        if shape is not None:
            _note(extents, before, shape[: len(before)])
            _note(extents, behind, shape[len(shape) - len(behind) :])
    before, ellipsis, behind = output.partition("...")
    middle = broadcast(*broadcast_axes) if ellipsis else ()
    if middle is None:
        return None
    sizes = {label: same(found) for label, found in extents.items()}
    return (*(sizes.get(k) for k in before), *middle, *(sizes.get(k) for k in behind))


def _note(extents: dict[str, list[Extent]], labels: str, shape: Sequence[Extent]) -> None:
    for label, extent in zip(labels, shape, strict=True):
        extents.setdefault(label, []).append(extent)


@gives_shape("RFFT")
def _spectrum(static: Static, node: NodeDef) -> Shape:
    shape, length = static.shape(node, 0), static.whole(node, 1)
    return None if shape is None else with_extent(shape, -1, length and length // 2 + 1)


@gives_shape("IRFFT")
def _from_spectrum(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    return None if shape is None else with_extent(shape, -1, static.whole(node, 1))
