"""Fixes the size of the input.

Pattern: a placeholder of any height and width, and the constants that stand for the crop: the size
that the image is padded to, the window of the image pooling, the sizes that features and scores are
resized to. Replacement: a placeholder [1, H, W, 3]; for a size that is not the crop, also constants
that stand for that size.

At the crop it is the same function, for photos of exactly that size. At another size it is another
one: the same weights see the photo at another resolution, and pool and resize over the whole of it.
Its labels are those of a network trained at the crop and run below or above it.

An export may first resize the photo so that its longer side is the crop's, and labels back in the
end. Where that leaves a photo of the crop as it is, one of the new size is left as it is, too.

Nothing is taken to be the crop because of its name. Sizes are inferred twice, for a photo of the
crop and for one of the new size; a constant that equals a size inferred for the crop becomes the
size that is inferred in the same place. The sizes of atrous convolutions that are written as three
ops do not fit every feature map, so those are flattened first.

Requires that the crop is the one of the graph's contract. Ensures that the output has the size of
the input, as far as shape inference tells.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.rewrite.flatten_atrous import flatten_atrous
from dlconv.errors import DlconvError, UsageError
from dlconv.graph.contract import element_type, find_contract
from dlconv.graph.edit import Edit, Result, applied, const, free_name
from dlconv.graph.graph import Graph, attribute, copy_of
from dlconv.graph.inferred import Shape
from dlconv.graph.operations import RESIZES
from dlconv.graph.scores import padding_differences
from dlconv.graph.shapes import Static, infer_static, numbers_of

LEAST_SIZE, MOST_SIZE = 32, 4096
ANY_SIZE = (-1, -1)

Size = tuple[int, int]


@dataclass(frozen=True)
class _Sizes:
    """What is inferred for any photo, for one of the crop, and for one of the new size."""

    any: Static
    at_crop: Static
    at_size: Static


def fix_input(graph: Graph, input_name: str, size: Size, crop: Size) -> Result:
    """Return the graph for photos of exactly ``size`` (height, width).

    ``crop`` is the size the network works at, as its contract says. Raises UsageError for a size
    out of range, DlconvError for a graph that does not show what its crop determines.
    """
    if not all(LEAST_SIZE <= extent <= MOST_SIZE for extent in size):
        raise UsageError(
            f"the input can have {LEAST_SIZE} to {MOST_SIZE} rows and columns,"
            f" not {size[0]} x {size[1]}"
        )
    placeholder = _placeholder(graph, input_name)
    if _extents(placeholder) == (1, *size, 3):
        return Result(graph, changed=False)
    if size == crop:
        return Result(_with_size(graph, input_name, size), changed=True)
    return Result(_moved(graph, input_name, size, crop), changed=True)


def _placeholder(graph: Graph, input_name: str) -> NodeDef:
    node = graph.nodes.get(input_name)
    if node is None or node.op != "Placeholder":
        raise DlconvError(f"the graph has no placeholder called {input_name}")
    extents = _extents(node)
    is_image = len(extents) == 4 and extents[0] in (1, -1) and extents[3] in (3, -1)
    if extents and not is_image:
        raise DlconvError(
            f"{input_name} is no RGB image: its shape is {list(extents)}",
            "the size of a batch of images, [1, H, W, 3], can be fixed:"
            " name the node that adds the first axis as the input"
            if len(extents) == 3
            else "",
        )
    return node


def _extents(placeholder: NodeDef) -> tuple[int, ...]:
    return tuple(dim.size for dim in attribute(placeholder, "shape").shape.dim)


def _with_size(graph: Graph, input_name: str, size: Size) -> Graph:
    fixed = copy_of(graph.nodes[input_name])
    fixed.attr["shape"].Clear()
    for extent in (1, *size, 3):
        fixed.attr["shape"].shape.dim.add(size=extent)
    return applied(graph, Edit(replaced={input_name: [fixed]})).graph


def _moved(graph: Graph, input_name: str, size: Size, crop: Size) -> Graph:
    flat = flatten_atrous(graph).graph
    own = _without_own_resizes(flat, infer_static(_with_size(flat, input_name, crop)))
    dynamic = _with_size(own, input_name, ANY_SIZE)
    padded = _with_padding_targets(dynamic, input_name, size, crop)
    sizes = _Sizes(
        infer_static(padded.graph),
        infer_static(_with_size(dynamic, input_name, crop)),
        infer_static(_with_size(padded.graph, input_name, size)),
    )
    if not padded.changed and crop not in (target for _, target in _constant_resizes(sizes.any)):
        raise DlconvError(
            f"the graph does not show its crop of {crop[0]} x {crop[1]}: it neither pads the image"
            " nor resizes the scores to it",
            "fix the input at the crop",
        )
    moved = _with_size(_with_feature_sizes(sizes, input_name), input_name, size)
    _check(moved, size)
    return moved


def _without_own_resizes(graph: Graph, at_crop: Static) -> Graph:
    """Drop resizes that leave what is of the crop's size as it is, by arithmetic with its size."""
    constant = {node.name for node, _ in _constant_resizes(infer_static(graph))}
    edit = Edit()
    for node in graph.nodes.values():
        if node.op not in RESIZES or node.name in constant or not graph.consumers[node.name]:
            continue
        before, after = _image_shape(at_crop.shape(node, 0)), at_crop.whole_value(node, 1)
        is_same_type = element_type(graph.producer(node, 0)) == element_type(node)
        if is_same_type and before is not None and after is not None and before == tuple(after):
            edit.redirect(node.name, node.input[0])
    return applied(graph, edit).graph


def _with_padding_targets(graph: Graph, input_name: str, size: Size, crop: Size) -> Result:
    """Replace c of Sub(c, extent), where extent is the photo's and c the crop's.

    That is what is padded: Maximum(Sub(c, extent), 0), or the difference itself.
    """
    static = infer_static(graph)
    edit = Edit()
    axes = set()
    for missing in _missing(graph):
        target, extent = static.whole_value(missing, 0), static.value(missing, 1)
        for axis in (0, 1):
            if _is_scalar(extent, f"{input_name}[{axis + 1}]") and _is_scalar(target, crop[axis]):
                axes.add(axis)
                edit.replaced[missing.name] = _with_constant(
                    graph, missing, 0, np.array(size[axis], np.int32)
                )
    if len(axes) == 1:
        raise DlconvError("the graph pads one side of the image to its crop, and not the other")
    return applied(graph, edit)


def _missing(graph: Graph) -> Iterator[NodeDef]:
    """Yield the subtractions that may tell how much of the crop an image lacks."""
    kept = {
        graph.producer(node, 0).name for node in graph.nodes.values() if node.op == "Maximum"
    } | padding_differences(graph)
    yield from (node for node in graph.nodes.values() if node.op == "Sub" and node.name in kept)


def _is_scalar(value: np.ndarray | None, expected: int | str) -> bool:
    return value is not None and value.size == 1 and value.item() == expected


def _with_constant(graph: Graph, node: NodeDef, index: int, array: np.ndarray) -> list[NodeDef]:
    """Return a node that reads a constant of its own, and that constant."""
    constant = const(free_name(graph, f"{node.name}/fixed_size"), array)
    inputs = list(node.input)
    inputs[index] = constant.name
    return [constant, copy_of(node, inputs=inputs)]


def _constant_resizes(static: Static) -> Iterator[tuple[NodeDef, Size]]:
    for node in static.graph.nodes.values():
        size = static.whole_value(node, 1) if node.op in RESIZES else None
        if size is not None and size.shape == (2,):
            yield node, (int(size[0]), int(size[1]))


def _with_feature_sizes(sizes: _Sizes, input_name: str) -> Graph:
    graph = sizes.any.graph
    edit = Edit()
    resizes = list(_constant_resizes(sizes.any))
    pools = [node for node in graph.nodes.values() if _pools_all(sizes.at_crop, node)]
    behind = {
        node.name
        for anchor in (*(resize for resize, _ in resizes), *pools)
        for node in graph.descendants(anchor.name)
    }
    clean = [node for node in graph.descendants(input_name) if node.name not in behind]
    for pool in pools:
        edit.replaced[pool.name] = [_with_window(sizes, pool)]
    for resize, target in resizes:
        moved = [_moved_extent(sizes, clean, axis, target[axis], resize) for axis in (0, 1)]
        edit.replaced[resize.name] = _with_constant(graph, resize, 1, np.array(moved, np.int32))
    return applied(graph, edit).graph


def _pools_all(at_crop: Static, node: NodeDef) -> bool:
    """Tell whether an average pooling spans the features, in one axis or in both."""
    if node.op != "AvgPool" or attribute(node, "padding").s != b"VALID":
        return False
    shape = _image_shape(at_crop.shape(node, 0))
    window = list(attribute(node, "ksize").list.i)[1:3]
    if shape is None or window == [1, 1]:
        return False
    return all(extent in (1, whole) for extent, whole in zip(window, shape, strict=True))


def _with_window(sizes: _Sizes, pool: NodeDef) -> NodeDef:
    features = numbers_of(sizes.at_size.shape(pool, 0))
    copy = copy_of(pool)
    window = copy.attr["ksize"].list.i
    for axis in (1, 2):
        if window[axis] == 1:
            continue
        extent = None if features is None else features[axis]
        if extent is None:
            raise DlconvError(f"the size of the features that {pool.name} pools cannot be inferred")
        window[axis] = extent
    return copy


def _moved_extent(
    sizes: _Sizes, clean: list[NodeDef], axis: int, extent: int, resize: NodeDef
) -> int:
    """Return the extent at the new size of those features that have ``extent`` at the crop."""
    found = set()
    for node in clean:
        before = _image_shape(sizes.at_crop.shapes.get(node.name))
        after = _image_shape(sizes.at_size.shapes.get(node.name))
        if before is not None and after is not None and before[axis] == extent:
            found.add(after[axis])
    if len(found) == 1:
        return found.pop()
    raise DlconvError(
        f"{resize.name} resizes to the constant extent {extent}, and at the crop "
        + ("features of several strides have it" if found else "no features have it"),
        "fix the input at the crop",
    )


def _image_shape(shape: Shape) -> Size | None:
    numbers = numbers_of(shape)
    if numbers is None or len(numbers) != 4:
        return None
    _, height, width, _ = numbers
    return None if height is None or width is None else (height, width)


def _check(graph: Graph, size: Size) -> None:
    static = infer_static(graph)
    for node in graph.nodes.values():
        if node.op == "SpaceToBatchND" and not _divides(static, node):
            raise DlconvError(f"{node.name} cannot split features of a photo of this size")
    shape = find_contract(graph).output.shape
    if shape is None or tuple(shape[1:3]) != size:
        raise DlconvError(
            f"the graph does not give labels of {size[0]} x {size[1]} for a photo of that size",
            f"their shape is {'unknown' if shape is None else list(shape)}",
        )


def _divides(static: Static, node: NodeDef) -> bool:
    shape = _image_shape(static.shape(node, 0))
    blocks, paddings = static.whole_value(node, 1), static.whole_value(node, 2)
    if shape is None or blocks is None or paddings is None:
        return False
    if blocks.shape != (2,) or paddings.shape != (2, 2) or not blocks.all():
        return False
    return not any((np.array(shape) + paddings.sum(axis=1)) % blocks)
