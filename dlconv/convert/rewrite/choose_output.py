"""Chooses the output: labels of a type, or the scores or probabilities that they come from.

Pattern: ArgMax over the last axis, and after it, each read by the next alone, the ops that bring
its labels to the photo's size and type: Slice, Squeeze, ExpandDims, Cast, Identity and
ResizeNearestNeighbor.

Labels. Replacement: ArgMax gives the type (int32 or int64) and the ops after it pass it on; where
they cannot, and for uint8, a Cast follows. Same function: a label is below the number of classes,
which every type that is accepted holds.

Scores. Replacement: what ArgMax reads, cropped as its labels are, under the name ``Scores``, or its
softmax under the name ``Probabilities``; ArgMax and what follows it are removed. Same function:
cropping pixels before ArgMax or after it is the same. Labels that a graph resizes to another size
have no scores of their own, so a resize must provably keep the size.

Requires that nothing else reads these nodes. Ensures that labels keep the output's name and shape.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.errors import DlconvError, UsageError
from dlconv.graph.contract import element_type
from dlconv.graph.edit import Edit, Result, applied, const, free_name
from dlconv.graph.graph import Graph, attribute, copy_of
from dlconv.graph.shapes import Static, infer_static
from dlconv.graph.tensors import data_type_of

LABEL_TYPES = ("int32", "uint8", "int64")
OUTPUT_NAMES = {"scores": "Scores", "probabilities": "Probabilities"}
CARRIERS = frozenset({"ExpandDims", "Identity", "ResizeNearestNeighbor", "Slice", "Squeeze"})
# Axis of the classes, in scores of shape [1, H, W, classes].
CLASS_AXIS = 3


def choose_output(graph: Graph, output_name: str, kind: str, dtype: str | None = None) -> Result:
    """Return the graph with ``labels``, ``scores`` or ``probabilities`` as its output.

    ``dtype`` is the type of labels, None for the one they have. Labels keep the output's name;
    ``OUTPUT_NAMES`` has those of the others. Raises UsageError for an unknown kind or type,
    DlconvError for a graph that cannot give it.
    """
    if kind != "labels" and kind not in OUTPUT_NAMES:
        known = ", ".join(("labels", *OUTPUT_NAMES))
        raise UsageError(f"the output can be {known}, not {kind}")
    if dtype is not None and (kind != "labels" or dtype not in LABEL_TYPES):
        known = ", ".join(LABEL_TYPES)
        raise UsageError(f"{kind} cannot be {dtype}", f"labels can be {known}")
    if output_name not in graph.nodes:
        raise DlconvError(f"the graph has no node called {output_name}")
    if kind != "labels":
        return _with_scores(graph, output_name, kind)
    if dtype is None:
        return Result(graph, changed=False)
    return _with_labels(graph, output_name, dtype)


def _chain(graph: Graph, output_name: str) -> list[NodeDef]:
    """Return ArgMax and the nodes from it to the output."""
    node = graph.nodes[output_name]
    chain = [node]
    while node.op != "ArgMax":
        if node.op not in CARRIERS | {"Cast"} or not graph.sources(node):
            raise DlconvError(
                f"between ArgMax and the output {output_name} stands {node.name} ({node.op})"
            )
        node = graph.producer(node, 0)
        chain.append(node)
    if any(len(graph.consumers[link.name]) > 1 for link in chain) or graph.consumers[output_name]:
        raise DlconvError(f"the labels of {output_name} are read by other nodes too")
    return chain[::-1]


# Labels


def _with_labels(graph: Graph, output_name: str, dtype: str) -> Result:
    is_there = element_type(graph.nodes[output_name]) == dtype
    if is_there and dtype == "uint8":
        return Result(graph, changed=False)
    _check_classes(graph, output_name, dtype)
    if dtype == "uint8":
        return _with_cast(_with_labels(graph, output_name, "int32").graph, output_name, dtype)
    try:
        chain = _chain(graph, output_name)
    except DlconvError:
        if is_there:
            return Result(graph, changed=False)
        return _with_cast(graph, output_name, dtype)
    if is_there and {element_type(node) for node in chain} == {dtype}:
        return Result(graph, changed=False)
    edit = Edit()
    for node in chain:
        _retype(graph, node, dtype, edit)
    return applied(graph, edit)


def _check_classes(graph: Graph, output_name: str, dtype: str) -> None:
    if not np.issubdtype(_number_type(element_type(graph.nodes[output_name])), np.integer):
        raise DlconvError(f"{output_name} gives no labels")
    argmax = next((node for node in graph.ancestors(output_name) if node.op == "ArgMax"), None)
    shape = None if argmax is None else infer_static(graph).shape(argmax, 0)
    classes = shape[-1] if shape else None
    if isinstance(classes, int) and classes - 1 > np.iinfo(dtype).max:
        raise DlconvError(f"{dtype} cannot hold the labels of {classes} classes")


def _number_type(name: str) -> np.dtype:
    try:
        return np.dtype(name)
    except TypeError:
        return np.dtype(object)


def _retype(graph: Graph, node: NodeDef, dtype: str, edit: Edit) -> None:
    if node.op == "Cast" and graph.consumers[node.name] and len(node.input) == 1:
        edit.redirect(node.name, node.input[0])
        return
    copy = copy_of(node)
    data_type = data_type_of(dtype)
    if node.op == "Cast":
        copy.op = "Identity"
        for key in list(copy.attr):
            del copy.attr[key]
    copy.attr["output_type" if node.op == "ArgMax" else "T"].type = data_type
    edit.replaced[node.name] = [copy]


def _with_cast(graph: Graph, output_name: str, dtype: str) -> Result:
    output = graph.nodes[output_name]
    if graph.consumers[output_name]:
        raise DlconvError(f"the output {output_name} is read by other nodes too")
    before = copy_of(output, name=free_name(graph, f"{output_name}/labels"))
    cast = NodeDef(name=output_name, op="Cast", input=[before.name])
    cast.attr["SrcT"].type = DataType.Value(f"DT_{element_type(output).upper()}")
    cast.attr["DstT"].type = data_type_of(dtype)
    return applied(graph, Edit(replaced={output_name: [before, cast]}))


# Scores


@dataclass
class _Scores:
    """The scores while the ops of the labels are applied to them."""

    static: Static
    tensor: str
    made: list[NodeDef]
    is_expanded: bool = False


def _with_scores(graph: Graph, output_name: str, kind: str) -> Result:
    name = OUTPUT_NAMES[kind]
    if output_name == name and element_type(graph.nodes[name]) == "float32":
        return Result(graph, changed=False)
    if name in graph.nodes:
        raise DlconvError(f"the graph has a node called {name} already")
    argmax, *behind = _chain(graph, output_name)
    static = infer_static(graph)
    if not _is_over_classes(static, argmax):
        raise DlconvError(f"{argmax.name} does not choose among classes on the last axis")
    scores = _Scores(static, argmax.input[0], [])
    for node in behind:
        _STEPS[node.op](scores, node)
    if scores.is_expanded:
        raise DlconvError(f"{output_name} gives labels with an axis more than scores have")
    op = "Softmax" if kind == "probabilities" else "Identity"
    scores.made.append(_float_node(op, output_name, [scores.tensor]))
    edit = Edit({node.name: [] for node in (argmax, *behind)})
    edit.replaced[output_name] = scores.made
    return _renamed(applied(graph, edit).graph, output_name, name)


def _is_over_classes(static: Static, argmax: NodeDef) -> bool:
    shape, axis = static.shape(argmax, 0), static.whole_value(argmax, 1)
    is_image = shape is not None and len(shape) == CLASS_AXIS + 1
    return is_image and _is_class_axis(axis)


def _is_class_axis(axis: np.ndarray | None) -> bool:
    return axis is not None and axis.size == 1 and axis.item() in (CLASS_AXIS, -1)


def _float_node(op: str, name: str, inputs: list[str]) -> NodeDef:
    node = NodeDef(name=name, op=op, input=inputs)
    node.attr["T"].type = DataType.Value("DT_FLOAT")
    return node


def _hand_on(scores: _Scores, node: NodeDef) -> None:
    """Identity and Cast leave scores as they are."""


def _expand(scores: _Scores, node: NodeDef) -> None:
    axis = scores.static.whole_value(node, 1)
    if scores.is_expanded or not _is_class_axis(axis):
        raise DlconvError(f"{node.name} gives labels an axis that scores do not have")
    scores.is_expanded = True


def _squeeze(scores: _Scores, node: NodeDef) -> None:
    axes = list(attribute(node, "squeeze_dims").list.i)
    if not scores.is_expanded or axes not in ([CLASS_AXIS], [-1]):
        raise DlconvError(f"{node.name} takes an axis from labels that scores need")
    scores.is_expanded = False


def _resize(scores: _Scores, node: NodeDef) -> None:
    shape, size = scores.static.shape(node, 0), scores.static.value(node, 1)
    wanted = None if size is None or size.shape != (2,) else tuple(size)
    if shape is None or wanted is None or None in wanted or shape[1:3] != wanted:
        raise DlconvError(
            "scores are not available at the photo's size:"
            f" {node.name} resizes the labels, not the scores",
            "convert the labels, or a graph whose input has a fixed size",
        )


def _crop(scores: _Scores, node: NodeDef) -> None:
    if scores.is_expanded or not _takes_images(scores.static, node):
        raise DlconvError(f"{node.name} cuts labels in a way that scores cannot follow")
    graph = scores.static.graph
    index_type = attribute(node, "Index")
    begin = _with_classes(graph, node, 1, 0)
    classes = scores.static.shape(_argmax(graph, node), 0)
    count = classes[-1] if classes and isinstance(classes[-1], int) else -1
    size = _with_classes(graph, node, 2, count)
    cut = _float_node(
        "Slice",
        free_name(graph, f"{node.name}/scores"),
        [scores.tensor, begin[-1].name, size[-1].name],
    )
    cut.attr["Index"].CopyFrom(index_type)
    scores.made += [*begin, *size, cut]
    scores.tensor = cut.name


def _argmax(graph: Graph, node: NodeDef) -> NodeDef:
    while node.op != "ArgMax":
        node = graph.producer(node, 0)
    return node


def _takes_images(static: Static, node: NodeDef) -> bool:
    lengths = [static.value(node, index) for index in (1, 2)]
    return all(value is not None and value.shape == (CLASS_AXIS,) for value in lengths)


def _with_classes(graph: Graph, node: NodeDef, index: int, extent: int) -> list[NodeDef]:
    """Return nodes, the last of which has an input's three extents and one for the classes."""
    extents = graph.producer(node, index)
    name = free_name(graph, f"{node.name}/scores_{'begin' if index == 1 else 'size'}")
    values = graph.constant(extents)
    if values is not None:
        return [const(name, np.append(values, values.dtype.type(extent)))]
    if extents.op != "Pack" or attribute(extents, "axis").i:
        raise DlconvError(f"{node.name} cuts labels to a size that {extents.name} computes")
    data_type = "int64" if element_type(extents) == "int64" else "int32"
    last = const(f"{name}/classes", np.array(extent, data_type))
    sources = [name for name in extents.input if not name.startswith("^")]
    pack = copy_of(extents, name=name, inputs=[*sources, last.name])
    pack.attr["N"].i = len(sources) + 1
    return [last, pack]


_STEPS: dict[str, Callable[[_Scores, NodeDef], None]] = {
    "Cast": _hand_on,
    "ExpandDims": _expand,
    "Identity": _hand_on,
    "ResizeNearestNeighbor": _resize,
    "Slice": _crop,
    "Squeeze": _squeeze,
}


def _renamed(graph: Graph, name: str, wanted: str) -> Result:
    """Return the graph with another name for a node that nothing reads."""
    nodes = (
        copy_of(node, name=wanted) if node.name == name else node for node in graph.nodes.values()
    )
    return Result(graph.with_nodes(nodes), changed=True)
