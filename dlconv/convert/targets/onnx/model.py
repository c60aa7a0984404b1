"""An ONNX model with its constants apart, so that it is written without a second copy of them.

ONNX's checker and its strict shape inference see all of it but the values of large constants, whose
types and shapes are enough for both. A file holds at most 2 GiB; a larger model has the values of
its large constants in a second file beside it, as ONNX defines (docs/ExternalData.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from dlconv.errors import DlconvError, first_line
from dlconv.storage.files import new_file

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

# Constants that shape inference may need are not larger.
MOST_SMALL = 4096
# protobuf cannot hold more than 2 GiB; the nodes need some of it.
MOST_BYTES = 2**31 - 2**26
DATA_SUFFIX = ".data"
# Fields of ONNX's messages (onnx/onnx.proto) that hold others, or bytes.
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
_LENGTH_DELIMITED = 2


@dataclass(frozen=True)
class Model:
    """A model without constants, and these by name, in the order in which they are written."""

    skeleton: "ModelProto"
    constants: Mapping[str, np.ndarray]

    @staticmethod
    def of(proto: "ModelProto") -> "Model":
        """Take a model apart; ``proto`` becomes the skeleton."""
        from onnx import numpy_helper

        constants = {each.name: numpy_helper.to_array(each) for each in proto.graph.initializer}
        del proto.graph.initializer[:]
        return Model(proto, constants)

    def proto(self) -> "ModelProto":
        """Return a copy as one message."""
        whole = type(self.skeleton)()
        whole.CopyFrom(self.skeleton)
        whole.graph.initializer.extend(
            tensor_of(name, array) for name, array in self.constants.items()
        )
        return whole


def write_model(model: Model, path: Path) -> None:
    """Write a model to ``path``; one that is too large for a file with its constants beside it.

    Raises DlconvError when ONNX's checker rejects the model.
    """
    check(model)
    if sum(array.nbytes for array in model.constants.values()) <= MOST_BYTES:
        _write(model, [_inside(*each) for each in model.constants.items()], path)
        return
    data = path.with_name(path.name + DATA_SUFFIX)
    with new_file(data) as file:
        entries = [_outside(file, data.name, *each) for each in model.constants.items()]
    _write(model, entries, path)


def check(model: Model) -> None:
    """Raise DlconvError when ONNX's full check or its strict shape inference rejects a model."""
    import onnx

    seen = type(model.skeleton)()
    seen.CopyFrom(model.skeleton)
    for name, array in model.constants.items():
        if is_large(array):
            element = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            info = onnx.helper.make_tensor_value_info(name, element, array.shape)
            seen.graph.input.append(info)
        else:
            seen.graph.initializer.append(tensor_of(name, array))
    try:
        onnx.checker.check_model(seen, full_check=True)
        onnx.shape_inference.infer_shapes(seen, check_type=True, strict_mode=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise DlconvError(f"ONNX's checker rejects the model: {first_line(error)}") from error


def is_large(array: np.ndarray) -> bool:
    """Tell whether the values of a constant are kept out of checks, and may be in another file."""
    return array.nbytes > MOST_SMALL and array.dtype != object


def tensor_of(name: str, array: np.ndarray) -> "TensorProto":
    """Return a constant as a message."""
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)


@dataclass(frozen=True)
class _Entry:
    """A serialized constant of the graph: its first bytes, and values that follow them."""

    head: bytes
    values: np.ndarray | None = None

    @property
    def size(self) -> int:
        return len(self.head) + (0 if self.values is None else self.values.nbytes)


def _inside(name: str, array: np.ndarray) -> _Entry:
    """Return a constant whose values, if there are many, are copied when they are written."""
    if not is_large(array):
        message = tensor_of(name, array).SerializeToString(deterministic=True)
        return _Entry(_head(_INITIALIZER, len(message)) + message)
    message = _typed(name, array).SerializeToString(deterministic=True)
    head = message + _head(_RAW_DATA, array.nbytes)
    return _Entry(_head(_INITIALIZER, len(head) + array.nbytes) + head, array)


def _outside(file: BinaryIO, location: str, name: str, array: np.ndarray) -> _Entry:
    """Write the values of a large constant to another file, and return what refers to them."""
    if not is_large(array):
        return _inside(name, array)
    tensor = _typed(name, array)
    tensor.data_location = tensor.EXTERNAL
    place = {"location": location, "offset": file.tell(), "length": array.nbytes}
    for key, value in place.items():
        tensor.external_data.add(key=key, value=str(value))
    file.write(_bytes_of(array))
    message = tensor.SerializeToString(deterministic=True)
    return _Entry(_head(_INITIALIZER, len(message)) + message)


def _write(model: Model, constants: Sequence[_Entry], path: Path) -> None:
    frame = type(model.skeleton)()
    frame.CopyFrom(model.skeleton)
    frame.ClearField("graph")
    nodes = model.skeleton.graph.SerializeToString(deterministic=True)
    size = len(nodes) + sum(entry.size for entry in constants)
    with new_file(path) as file:
        file.write(frame.SerializeToString(deterministic=True))
        file.write(_head(_GRAPH, size) + nodes)
        for entry in constants:
            file.write(entry.head)
            if entry.values is not None:
                file.write(_bytes_of(entry.values))


def _typed(name: str, array: np.ndarray) -> "TensorProto":
    """Return a constant without its values."""
    from onnx import TensorProto, helper

    element = helper.np_dtype_to_tensor_dtype(array.dtype)
    return TensorProto(name=name, data_type=element, dims=array.shape)


def _bytes_of(array: np.ndarray) -> memoryview:
    little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little_endian.reshape(-1).view(np.uint8).data


def _head(number: int, size: int) -> bytes:
    """Return what stands before ``size`` bytes of a field, in protobuf's encoding."""
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(size)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
