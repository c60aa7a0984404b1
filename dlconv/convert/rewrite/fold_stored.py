"""Folds constants that are stored in another form than they are used in.

Pattern: Dequantize, Bitcast, Cast, a FakeQuant, or arithmetic of float32 constants, one behind
another: training for 8 bits leaves kernels that are multiplied by a batch norm's factor, then
rounded. Replacement: a Const of the result, under the name of the last. Same function: each result
is computed once, by the steps of TensorFlow's kernel in its own element types (``dequantization``
and ``fake_quantization``), but for Rsqrt, whose last bit TensorFlow's vectors leave open.

Requires nothing. Ensures that no such node reads only constants, but where it has control edges,
its range is empty, or numpy lacks the element type.
"""

from collections.abc import Callable

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.dequantization import MODES, dequantized
from dlconv.convert.fake_quantization import fake_quantized, is_empty
from dlconv.graph.contract import element_type
from dlconv.graph.edit import Edit, Result, applied, const
from dlconv.graph.graph import Graph, attribute
from dlconv.graph.tensors import dtype_name, stored_name

Rule = Callable[[NodeDef, list[np.ndarray]], np.ndarray | None]


def fold_stored(graph: Graph) -> Result:
    """Return the graph with stored constants as those that they stand for."""
    edit = Edit()
    found: dict[str, np.ndarray] = {}
    for node in graph.order:
        if node.op == "Identity" and graph.sources(node):
            before = graph.sources(node)[0].node
            if before in found:
                found[node.name] = found[before]
            continue
        values = _value(graph, node, found)
        if values is not None and graph.consumers[node.name]:
            found[node.name] = values
            edit.replaced[node.name] = [const(node.name, values)]
    return applied(graph, edit)


def _value(graph: Graph, node: NodeDef, found: dict[str, np.ndarray]) -> np.ndarray | None:
    rule = _RULES.get(node.op)
    if rule is None or any(name.startswith("^") for name in node.input):
        return None
    inputs = [
        found[source.node] if source.node in found else graph.constant(graph.nodes[source.node])
        for source in graph.sources(node)
    ]
    known = [values for values in inputs if values is not None]
    return rule(node, known) if known and len(known) == len(inputs) else None


def _dequantize(node: NodeDef, inputs: list[np.ndarray]) -> np.ndarray | None:
    codes, low, high = inputs
    mode, axis = attribute(node, "mode").s.decode(), attribute(node, "axis").i
    is_known = mode in MODES and codes.dtype.kind in "iu" and element_type(node) == "float32"
    if not is_known:
        return None
    is_narrow = attribute(node, "narrow_range").b
    limits = low.astype(np.float32), high.astype(np.float32)
    return dequantized(codes, *limits, mode, axis, is_narrow)


def _bitcast(node: NodeDef, inputs: list[np.ndarray]) -> np.ndarray | None:
    """Return the bytes as another type; of another size, the last axis is split or joined."""
    (values,) = inputs
    target = _dtype(stored_name(attribute(node, "type").type))
    if target is None or values.dtype.kind not in "iuf":
        return None
    before, after = values.dtype.itemsize, target.itemsize
    content = np.frombuffer(np.ascontiguousarray(values).tobytes(), target)
    if before == after:
        return content.reshape(values.shape)
    if before > after:
        return content.reshape((*values.shape, before // after))
    return content.reshape(values.shape[:-1])


def _cast(node: NodeDef, inputs: list[np.ndarray]) -> np.ndarray | None:
    (values,) = inputs
    target = _dtype(dtype_name(attribute(node, "DstT").type))
    if target is None or values.dtype.kind not in "iufb":
        return None
    if values.dtype.kind == "f" and target.kind in "iu" and not _fits(values, target):
        return None
    with np.errstate(over="ignore"):
        return values.astype(target)


def _fits(values: np.ndarray, target: np.dtype) -> bool:
    """Tell whether the integers that floats are cut to are defined."""
    limits = np.iinfo(target)
    whole = np.trunc(values.astype(np.float64))
    end = 2.0 ** (limits.bits - (target.kind == "i"))
    return bool(((limits.min <= whole) & (whole < end)).all())


def _dtype(name: str) -> np.dtype | None:
    try:
        found = np.dtype(name)
    except TypeError:
        return None
    return found if found.kind in "iufb" else None


def _fake_quant_by_attributes(node: NodeDef, inputs: list[np.ndarray]) -> np.ndarray | None:
    low, high = (np.array(attribute(node, key).f, np.float32) for key in ("min", "max"))
    return _fake_quant(node, inputs[0], low, high, divides=False)


def _fake_quant_by_tensors(node: NodeDef, inputs: list[np.ndarray]) -> np.ndarray | None:
    values, low, high = inputs
    return _fake_quant(node, values, low, high, divides=node.op == "FakeQuantWithMinMaxVars")


def _fake_quant(
    node: NodeDef, values: np.ndarray, low: np.ndarray, high: np.ndarray, divides: bool
) -> np.ndarray | None:
    if is_empty(low, high):
        return None
    bits = attribute(node, "num_bits").i
    is_narrow = attribute(node, "narrow_range").b
    return fake_quantized(values, low, high, bits, is_narrow, divides)


def _arithmetic(compute: Callable[..., np.ndarray]) -> Rule:
    """Return the rule of an operation that numpy computes alike, for float32."""

    def rule(node: NodeDef, inputs: list[np.ndarray]) -> np.ndarray | None:
        if any(values.dtype != np.float32 for values in inputs):
            return None
        with np.errstate(all="ignore"):
            return np.asarray(compute(*inputs), np.float32)

    return rule


def _reshape(node: NodeDef, inputs: list[np.ndarray]) -> np.ndarray | None:
    values, shape = inputs
    return values.reshape(shape.tolist()) if values.dtype == np.float32 else None


_RULES: dict[str, Rule] = {
    "Add": _arithmetic(np.add),
    "AddV2": _arithmetic(np.add),
    "Mul": _arithmetic(np.multiply),
    "RealDiv": _arithmetic(np.divide),
    "Reshape": _reshape,
    "Rsqrt": _arithmetic(lambda values: 1 / np.sqrt(values)),
    "Sqrt": _arithmetic(np.sqrt),
    "Sub": _arithmetic(np.subtract),
    "Bitcast": _bitcast,
    "Cast": _cast,
    "Dequantize": _dequantize,
    "FakeQuantWithMinMaxArgs": _fake_quant_by_attributes,
    "FakeQuantWithMinMaxVars": _fake_quant_by_tensors,
    "FakeQuantWithMinMaxVarsPerChannel": _fake_quant_by_tensors,
}
