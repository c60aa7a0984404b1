"""The files beside an ONNX file that hold the values of its tensors.

Any tensor may be in another file, wherever it stands: among the initializers, in an attribute of a
node, in a graph in an attribute, in a function. None of the values is read.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from dlconv.errors import DlconvError
from dlconv.formats.beside import refuse_elsewhere

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto


def external_files(model: "ModelProto", name: str) -> tuple[str, ...]:
    """Return the names of these files, each once; ``name`` is what errors call the ONNX file.

    Raises DlconvError for one that does not lie beside it, and for a tensor without a file.
    """
    found = external_locations(model, name)
    refuse_elsewhere(found, name)
    return found


def external_locations(model: "ModelProto", name: str) -> tuple[str, ...]:
    """Return the locations of these files as the tensors state them, each once, unchecked.

    Raises DlconvError for a tensor without a file.
    """
    found: dict[str, None] = {}
    for tensor in _external_tensors(model):
        locations = [entry.value for entry in tensor.external_data if entry.key == "location"]
        if len(locations) != 1 or not isinstance(locations[0], str):
            raise DlconvError(f"{name} does not say in which file the values of {tensor.name} are")
        found[locations[0]] = None
    return tuple(found)


def _external_tensors(model: "ModelProto") -> "Iterator[TensorProto]":
    from onnx import TensorProto

    waiting: list[Message] = [model]
    for each in waiting:
        if isinstance(each, TensorProto):
            if each.data_location == TensorProto.EXTERNAL:
                yield each
            continue
        for field, value in each.ListFields():
            if field.message_type is not None:
                waiting += [value] if isinstance(value, Message) else value
