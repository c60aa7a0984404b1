"""The passes of shape inference: forward, asking the readers of what has no rank, and backward."""

from collections.abc import Mapping

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import MAX_RANK, Graph, attribute, source_node
from dlconv.graph.inferred import Inferred, Shape
from dlconv.graph.operations import MERGES, SWITCHES
from dlconv.graph.readers import wanted_by
from dlconv.graph.shapes.extents import with_symbols
from dlconv.graph.shapes.rules import MOST_VALUES, shapes_of, values_of
from dlconv.graph.shapes.static import Static
from dlconv.graph.tensors import extents_of

# How often readers are asked for what they tell of each other.
MOST_PASSES = 4

# What the readers of these say of their extents holds for what goes in, too.
SAME_SHAPE_OPS = frozenset(
    {"BiasAdd", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "Identity"}
    | {"Relu", "Relu6", "Sigmoid", "Softmax"}
)


def infer_static(graph: Graph, given: Mapping[str, Shape] | None = None) -> Static:
    """Infer shapes and values of all nodes: forward from the inputs, and once backward.

    The inputs of a concatenation agree in all other axes, so what is known of one is known of the
    others and of the nodes before them. Where a placeholder states no shape, its readers are asked
    first. ``given`` shapes, by node, are taken as they are. The result is stored with the graph,
    for each ``given``.
    """
    given = given or {}
    key = frozenset(given.items())
    if key not in graph.inferred:
        static = Static(graph, Inferred())
        _infer_forward(static, given)
        if _lacks_a_rank(static):
            _infer_ranks(static, given)
        if _infer_backward(static):
            _infer_forward(static, given)
        graph.inferred[key] = static.inferred
    return Static(graph, graph.inferred[key])


def _infer_forward(static: Static, given: Mapping[str, Shape]) -> None:
    known, later = static.shapes, static.inferred.later_shapes
    for node in static.graph.order:
        if node.op == "Const" and node.name in known:
            continue
        shapes = shapes_of(static, node)
        first = given.get(node.name) or (shapes[0] if shapes else None)
        known[node.name] = _completed(first, known.get(node.name))
        for port in range(1, len(shapes)):
            key = (node.name, port)
            later[key] = _completed(shapes[port], later.get(key))
        _infer_values(static, node)
        _infer_death(static, node)


def _completed(shape: Shape, before: Shape) -> Shape:
    """Return a shape as a rule tells it, with the extents that were known before."""
    return before if shape == before else _unified(_possible(shape), before)


def _infer_values(static: Static, node: NodeDef) -> None:
    """Note what values are known; those that are too large are no shape arithmetic."""
    for port, value in enumerate(values_of(static, node)):
        if value is None or value.size > MOST_VALUES:
            continue
        if port:
            static.inferred.later_values[(node.name, port)] = value
        else:
            static.values[node.name] = value


def _infer_death(static: Static, node: NodeDef) -> None:
    """Note which side of a Switch is not taken, and the nodes that wait for it."""
    inferred = static.inferred
    if node.op in SWITCHES:
        taken = static.value(node, 1) if len(static.graph.sources(node)) > 1 else None
        if taken is not None and taken.size == 1 and isinstance(taken.item(), bool):
            inferred.dead_outputs.add((node.name, int(not taken.item())))
    if not inferred.dead_outputs:
        return
    dead = [static.is_dead(source) for source in static.graph.sources(node)]
    waits_in_vain = any(
        source_node(name) in inferred.dead for name in node.input if name.startswith("^")
    )
    if waits_in_vain or (all(dead) if node.op in MERGES and dead else any(dead)):
        inferred.dead.add(node.name)


def _lacks_a_rank(static: Static) -> bool:
    """Tell whether nothing is known of the shape of a placeholder."""
    return any(
        node.op == "Placeholder" and static.shapes[node.name] is None
        for node in static.graph.nodes.values()
    )


def _infer_ranks(static: Static, given: Mapping[str, Shape]) -> None:
    for _ in range(MOST_PASSES):
        if not _ask_readers(static):
            break
        _infer_forward(static, given)
    scalars = [node.name for node in static.graph.nodes.values() if _may_be_scalar(static, node)]
    if scalars:
        static.shapes.update(dict.fromkeys(scalars, ()))
        _infer_forward(static, given)


def _may_be_scalar(static: Static, node: NodeDef) -> bool:
    """Tell whether a placeholder that an old TensorFlow wrote is a scalar for all that is known."""
    return (
        node.op == "Placeholder"
        and static.shapes[node.name] is None
        and extents_of(attribute(node, "shape").shape) == ()
    )


def _ask_readers(static: Static) -> bool:
    """Give nodes that show no extent the shapes that their readers take; tell if any got more."""
    before = {name: shape for name, shape in static.shapes.items() if _shows_nothing(shape)}
    for node in reversed(static.graph.order):
        for index, shape in wanted_by(static, node):
            source = static.graph.sources(node)[index]
            if source.port == 0 and source.node in before and shape is not None:
                static.shapes[source.node] = _unified(static.shapes[source.node], shape)
        if node.op == "Placeholder" and node.name in before:
            static.shapes[node.name] = with_symbols(node.name, static.shapes[node.name])
    return any(static.shapes[name] != shape for name, shape in before.items())


def _shows_nothing(shape: Shape) -> bool:
    """Tell whether no extent is known, if there are any."""
    return shape is None or (shape != () and {*shape} == {None})


def _infer_backward(static: Static) -> bool:
    """Give known extents of outputs to inputs that share them; tell whether any was new."""
    is_new = False
    for node in reversed(static.graph.order):
        shape = static.shapes[node.name]
        axes = _shared_axes(static, node)
        if shape is None or not axes:
            continue
        for source in static.graph.sources(node)[: 1 if node.op != "ConcatV2" else -1]:
            before = static.shapes[source.node]
            if source.port or before is None or len(before) != len(shape):
                continue
            completed = tuple(
                shape[axis] if axis in axes and extent is None else extent
                for axis, extent in enumerate(before)
            )
            is_new = is_new or completed != before
            static.shapes[source.node] = completed
    return is_new


def _shared_axes(static: Static, node: NodeDef) -> set[int]:
    """Return the axes along which the extents of a node's output and input are always equal."""
    if node.op in SAME_SHAPE_OPS:
        return {0, 1, 2, 3}
    if node.op in ("Conv2D", "DepthwiseConv2dNative"):
        strides = list(attribute(node, "strides").list.i)
        return {1, 2} if attribute(node, "padding").s == b"SAME" and set(strides) == {1} else set()
    count = len(static.graph.sources(node))
    axis = static.value(node, count - 1) if node.op == "ConcatV2" and count else None
    return {0, 1, 2, 3} - {axis.item()} if axis is not None and axis.ndim == 0 else set()


def _possible(shape: Shape) -> Shape:
    """Return a shape with None for impossible extents, which invalid graphs may give."""
    if shape is None or len(shape) > MAX_RANK:
        return None
    return tuple(
        None if isinstance(extent, int) and not 0 <= extent < 2**63 else extent for extent in shape
    )


def _unified(first: Shape, second: Shape) -> Shape:
    if first is None or second is None or len(first) != len(second):
        return second if first is None else first
    return tuple(b if a is None else a for a, b in zip(first, second, strict=True))
