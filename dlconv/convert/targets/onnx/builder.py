"""An ONNX model in the making: nodes are added one after another, and each is typed at once.

The shapes and types of a node's outputs come from ONNX's own inference, so that a writer of an
operation knows the rank of what it reads. A node whose inputs are constants is computed
(``folding``), one that is there already is not added again, and one of a type that ONNX Runtime has
no kernel for is written in a wider type (``kernels``).
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlconv.convert.targets.onnx.folding import ELEMENT_BY_ELEMENT, combined_by, fold, moved_by
from dlconv.convert.targets.onnx.kernels import KERNEL_TYPES, type_to_compute_in
from dlconv.convert.targets.onnx.tensors import Tensor
from dlconv.errors import DlconvError, first_line
from dlconv.graph.inferred import Extent, Shape

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto, TypeProto

# Biases join them later, which must not change another one that equals it: they are never merged.
CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
# Constants that shape inference may have to know are not larger.
MOST_SHOWN = 1024
# The input that says what shape the output has.
_TARGETS = {"Reshape": 1, "Expand": 1, "ConstantOfShape": 0, "Resize": 3}


class Builder:
    """The nodes and constants of a model of one opset, by their names inside it.

    ``scope`` is the TensorFlow node that is being written; ``made_for`` says for which one each
    tensor was made, ``named`` what constants are called in the frozen graph.
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.scope = ""
        self.inputs: list[Tensor] = []
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.made_for: dict[str, str] = {}
        self.named: dict[str, str] = {}
        self._count = 0
        self._merged: dict[tuple[object, ...], tuple[Tensor, ...]] = {}
        self._types: dict[str, TypeProto] = {}
        self._shown: dict[str, TensorProto] = {}
        self._producers: dict[str, NodeProto] = {}
        self._tensors: dict[str, Tensor] = {}

    def input(self, dtype: str, shape: Sequence[Extent]) -> Tensor:
        """Add an input of the model."""
        tensor = self._tensor(dtype, tuple(shape))
        self.inputs.append(tensor)
        return tensor

    def constant(self, array: np.ndarray, name: str = "") -> Tensor:
        """Return a constant; ``name`` is the TensorFlow node that it comes from."""
        key = self._key_of(array)
        if key is not None and key in self._merged:
            return self._merged[key][0]
        tensor = self._tensor(array.dtype.name, array.shape, value=array)
        self.constants[tensor.name] = array
        if name:
            self.named[tensor.name] = name
        if key is not None:
            self._merged[key] = (tensor,)
        return tensor

    def integers(self, *values: int) -> Tensor:
        """Return a constant of int64 [number of values]."""
        return self.constant(np.array(values, np.int64))

    def like(self, tensor: Tensor, value: float) -> Tensor:
        """Return a scalar constant of another tensor's type."""
        return self.constant(np.array(value, tensor.dtype))

    def node(self, kind: str, *inputs: Tensor | None, **attributes: Any) -> Tensor:
        """Add a node with one output, and return that."""
        return self.split(kind, *inputs, count=1, **attributes)[0]

    def split(
        self, kind: str, *inputs: Tensor | None, count: int, **attributes: Any
    ) -> tuple[Tensor, ...]:
        """Add a node with ``count`` outputs. Raises DlconvError for inputs that do not fit it."""
        wider = self._wider_types(kind, inputs)
        if not wider:
            return self._split(kind, inputs, count, attributes)
        schema = self._schema(kind)
        given = [
            self.cast(tensor, wider[name][1]) if tensor is not None and name in wider else tensor
            for tensor, name in zip(inputs, _types(schema.inputs, len(inputs)), strict=True)
        ]
        found = self._split(kind, given, count, attributes)
        return tuple(
            self.cast(tensor, wider[name][0]) if name in wider else tensor
            for tensor, name in zip(found, _types(schema.outputs, count), strict=True)
        )

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        """Return a tensor as another type."""
        if tensor.dtype == dtype:
            return tensor
        from onnx import helper

        return self.node("Cast", tensor, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def transposed(self, tensor: Tensor, perm: Sequence[int]) -> Tensor:
        """Return a tensor with its axes in another order."""
        axes = list(perm)
        if axes == sorted(axes):
            return tensor
        return self.node("Transpose", tensor, perm=axes)

    def copied(self, tensor: Tensor) -> Tensor:
        """Return a copy of a tensor as the output of a node, even if it is a constant."""
        return self._added("Identity", [tensor], [tensor.name], 1, {})[0]

    def by_name(self, name: str) -> Tensor:
        """Return the tensor of a name inside the model."""
        return self._tensors[name]

    def either(self, condition: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Return one of two tensors, of whatever shapes; both are computed."""
        from onnx import helper

        made = self._tensor(one.dtype, _common(one.shape, other.shape))
        branches: dict[str, Any] = {
            key: self._branch(key, tensor)
            for key, tensor in (("then_branch", one), ("else_branch", other))
        }
        self.nodes.append(helper.make_node("If", [condition.name], [made.name], **branches))
        return made

    def _branch(self, key: str, tensor: Tensor) -> "GraphProto":
        from onnx import helper

        inner = self._tensor(tensor.dtype, tensor.shape)
        value = helper.make_value_info(inner.name, tensor_type(inner))
        node = helper.make_node("Identity", [tensor.name], [inner.name])
        return helper.make_graph([node], key, [], [value])

    def producer(self, tensor: Tensor) -> "NodeProto | None":
        """Return the node that a tensor comes from."""
        return self._producers.get(tensor.name)

    def join_bias(self, tensor: Tensor, bias: Tensor) -> Tensor:
        """Let the convolution that a tensor comes from add a constant to it."""
        self._producers[tensor.name].input.append(bias.name)
        self.made_for[tensor.name] = self.scope
        return tensor

    def tensor_with_shape(self, tensor: Tensor, shape: Shape) -> Tensor:
        """Return a tensor with what is known of its shape from elsewhere."""
        if shape is None or (tensor.shape is not None and len(shape) != len(tensor.shape)):
            return tensor
        old = tensor.shape or (None,) * len(shape)
        new = tuple(
            a if isinstance(a, int) else b if isinstance(b, int) else a
            for a, b in zip(old, shape, strict=True)
        )
        if new == tensor.shape:
            return tensor
        self._types.pop(tensor.name, None)
        return self._kept(Tensor(tensor.name, tensor.dtype, new, tensor.value, tensor.partial))

    def _tensor(
        self,
        dtype: str,
        shape: Shape,
        value: np.ndarray | None = None,
        partial: np.ndarray | None = None,
    ) -> Tensor:
        self._count += 1
        name = f"%{self._count}"
        self.made_for[name] = self.scope
        return self._kept(Tensor(name, dtype, shape, value, partial))

    def _kept(self, tensor: Tensor) -> Tensor:
        """Remember a tensor with all that is known of it."""
        self._tensors[tensor.name] = tensor
        return tensor

    def _key_of(self, array: np.ndarray) -> tuple[object, ...] | None:
        if array.size > MOST_SHOWN or array.dtype == object:
            return None
        return ("constant", array.dtype.str, array.shape, array.tobytes())

    def _wider_types(
        self, kind: str, inputs: Sequence[Tensor | None]
    ) -> dict[str, tuple[str, str]]:
        """Return the types that have no kernel, by ONNX's name, and those to compute in instead.

        Raises DlconvError for one that nothing can stand for.
        """
        if kind not in KERNEL_TYPES:
            return {}
        found = {}
        names = _types(self._schema(kind).inputs, len(inputs))
        for tensor, name in zip(inputs, names, strict=True):
            if tensor is None or name in found:
                continue
            wider = type_to_compute_in(kind, tensor.dtype, name)
            if wider is None:
                raise DlconvError(f"ONNX Runtime has no {kind} of {tensor.dtype}")
            found[name] = (tensor.dtype, wider)
        return {name: types for name, types in found.items() if types[0] != types[1]}

    def _split(
        self,
        kind: str,
        inputs: Sequence[Tensor | None],
        count: int,
        attributes: Mapping[str, Any],
    ) -> tuple[Tensor, ...]:
        names = ["" if tensor is None else tensor.name for tensor in inputs]
        key = (kind, *names, count, *((k, str(v)) for k, v in sorted(attributes.items())))
        if kind not in CONVOLUTIONS and key in self._merged:
            return self._merged[key]
        made = self._folded(kind, inputs, attributes) if count == 1 else None
        if made is None:
            made = self._added(kind, inputs, names, count, attributes)
        self._merged[key] = made
        return made

    def _folded(
        self, kind: str, inputs: Sequence[Tensor | None], attributes: Mapping[str, Any]
    ) -> tuple[Tensor, ...] | None:
        if kind == "Shape" and inputs[0] is not None and inputs[0].shape is not None:
            return self._of_extents(kind, inputs, attributes, np.array(inputs[0].shape, object))
        if not inputs or any(tensor is None for tensor in inputs):
            return None
        given = [tensor for tensor in inputs if tensor is not None]
        values = [tensor.value for tensor in given]
        arrays = [value for value in values if value is not None]
        if len(arrays) == len(given):
            result = fold(kind, arrays, attributes)
            if result is None:
                return None
            named = self.named.get(given[0].name, "") if kind == "Transpose" else ""
            return (self.constant(result, named),)
        known = self._known_extents(kind, given, attributes)
        return None if known is None else self._of_extents(kind, inputs, attributes, known)

    def _known_extents(
        self, kind: str, inputs: Sequence[Tensor], attributes: Mapping[str, Any]
    ) -> np.ndarray | None:
        """Return which extents a node gives that moves parts of a shape or computes with them."""
        if kind == "Cast":
            return inputs[0].partial
        if kind == "Concat" or kind in ELEMENT_BY_ELEMENT:
            if not _are_extents(inputs):
                return None
            return combined_by(kind, [_extents_in(tensor) for tensor in inputs], attributes)
        others = [tensor.value for tensor in inputs[1:] if tensor.value is not None]
        if inputs[0].partial is None or len(others) < len(inputs) - 1:
            return None
        return moved_by(kind, [inputs[0].partial, *others], attributes)

    def _of_extents(
        self,
        kind: str,
        inputs: Sequence[Tensor | None],
        attributes: Mapping[str, Any],
        extents: np.ndarray,
    ) -> tuple[Tensor, ...]:
        """Return the extents as a constant if all are numbers, else as the output of the node."""
        dtype = "int64"
        if kind == "Cast":
            from onnx import helper

            dtype = helper.tensor_dtype_to_np_dtype(attributes["to"]).name
        elif kind != "Shape" and inputs[0] is not None:
            dtype = inputs[0].dtype
        if all(isinstance(extent, int) for extent in extents.ravel()):
            return (self.constant(extents.astype(dtype)),)
        names = ["" if tensor is None else tensor.name for tensor in inputs]
        (made,) = self._added(kind, inputs, names, 1, attributes)
        if dtype not in ("int32", "int64"):
            return (made,)
        return (self._kept(Tensor(made.name, made.dtype, made.shape, None, extents)),)

    def _added(
        self,
        kind: str,
        inputs: Sequence[Tensor | None],
        names: Sequence[str],
        count: int,
        attributes: Mapping[str, Any],
    ) -> tuple[Tensor, ...]:
        from onnx import helper

        outputs = [self._tensor("", None) for _ in range(count)]
        node = helper.make_node(kind, names, [tensor.name for tensor in outputs])
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in sorted(attributes.items())
        )
        types = self._inferred(node, [tensor for tensor in inputs if tensor is not None])
        self.nodes.append(node)
        made = tuple(self._typed(tensor, types.get(tensor.name)) for tensor in outputs)
        self._producers |= {tensor.name: node for tensor in made}
        target = _TARGETS.get(kind)
        if target is not None and len(inputs) > target:
            broadcast = inputs[0] if kind == "Expand" else None
            made = (self._with_target(made[0], inputs[target], broadcast), *made[1:])
        return made

    def _with_target(
        self, tensor: Tensor, target: Tensor | None, broadcast: Tensor | None
    ) -> Tensor:
        """Return a tensor with the shape that a node was told to give, as far as it is known.

        What is ``broadcast`` keeps its own extents where it is told to have 1.
        """
        if target is None or target.shape is None or not isinstance(target.shape[0], int):
            return tensor
        if broadcast is not None and not 0 <= broadcast.rank <= target.shape[0]:
            return tensor
        least = 1 if broadcast is None else 2
        told = target.value if target.partial is None else target.partial
        extents = [None] * target.shape[0] if told is None else told.tolist()
        shape = tuple(e if isinstance(e, int) and e >= least else None for e in extents)
        return self.tensor_with_shape(tensor, shape)

    def _typed(self, tensor: Tensor, inferred: "TypeProto | None") -> Tensor:
        from onnx import helper

        if inferred is None or not inferred.tensor_type.elem_type:
            raise DlconvError("ONNX does not tell the type of an output")
        found = inferred.tensor_type
        dtype = helper.tensor_dtype_to_np_dtype(found.elem_type).name
        shape = None
        if found.HasField("shape"):
            shape = tuple(
                dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None
                for dim in found.shape.dim
            )
        return self._kept(Tensor(tensor.name, dtype, shape))

    def _inferred(self, node: "NodeProto", inputs: Sequence[Tensor]) -> "Mapping[str, TypeProto]":
        from onnx import checker, helper, shape_inference

        errors = (
            checker.ValidationError,
            shape_inference.InferenceError,
            RuntimeError,
            ValueError,
        )
        types = {tensor.name: self._type_of(tensor) for tensor in inputs}
        shown = {
            tensor.name: self._shown_to_inference(tensor)
            for tensor in inputs
            if tensor.value is not None and tensor.value.size <= MOST_SHOWN
        }
        try:
            return shape_inference.infer_node_outputs(
                self._schema(node.op_type),
                node,
                types,
                shown,
                opset_imports=[helper.make_opsetid("", self.opset)],
            )
        except errors as error:
            raise DlconvError(f"ONNX's {node.op_type} does not fit: {first_line(error)}") from error

    def _schema(self, kind: str) -> Any:
        from onnx import defs

        return defs.get_schema(kind, self.opset, "")

    def _type_of(self, tensor: Tensor) -> "TypeProto":
        if tensor.name not in self._types:
            self._types[tensor.name] = tensor_type(tensor)
        return self._types[tensor.name]

    def _shown_to_inference(self, tensor: Tensor) -> "TensorProto":
        from onnx import numpy_helper

        if tensor.name not in self._shown:
            value = np.asarray(tensor.value)
            self._shown[tensor.name] = numpy_helper.from_array(np.ascontiguousarray(value))
        return self._shown[tensor.name]


def tensor_type(tensor: Tensor) -> "TypeProto":
    """Return the type of a tensor as ONNX writes it."""
    from onnx import helper

    element = helper.np_dtype_to_tensor_dtype(np.dtype(tensor.dtype))
    return helper.make_tensor_type_proto(element, tensor.shape)


def _types(formal: Sequence[Any], count: int) -> list[str]:
    """Return ONNX's name of the type of each of ``count`` inputs or outputs of a schema."""
    return [formal[min(k, len(formal) - 1)].type_str for k in range(count)]


def _common(one: Shape, other: Shape) -> Shape:
    """Return what is the same in two shapes."""
    if one is None or other is None or len(one) != len(other):
        return None
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))


def _extents_in(tensor: Tensor) -> np.ndarray:
    """Return the integers that a tensor of known shape holds, None for each that is not known."""
    if tensor.value is not None:
        return tensor.value.astype(object)
    if tensor.partial is not None:
        return tensor.partial
    return np.full([extent for extent in tensor.shape or () if isinstance(extent, int)], None)


def _are_extents(tensors: Sequence[Tensor]) -> bool:
    """Tell whether tensors are a few integers each, some of which are known."""
    return any(
        tensor.value is not None or tensor.partial is not None for tensor in tensors
    ) and all(
        tensor.dtype in ("int32", "int64") and _size(tensor.shape) <= MOST_SHOWN
        for tensor in tensors
    )


def _size(shape: Shape) -> float:
    """Return how many elements a tensor has; infinity if that is not known."""
    extents = [extent for extent in shape or () if isinstance(extent, int)]
    is_known = shape is not None and len(extents) == len(shape)
    return math.prod(extents) if is_known else math.inf
