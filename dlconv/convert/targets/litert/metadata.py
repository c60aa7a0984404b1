"""What tools read of a LiteRT file besides the model: its image, its labels and their names.

It is TFLite Metadata (metadata_schema.fbs, version 1): a flatbuffer of its own among the model's
metadata, and a file of labels in a ZIP archive behind the model. MediaPipe Tasks and Android Studio
take how pixels are normalized and what classes are called from there.
"""

import dataclasses
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dlconv.convert.targets.litert.model import Model
from dlconv.graph.contract import Contract, TensorSpec

METADATA = "TFLITE_METADATA"
IDENTIFIER = b"M001"
# The oldest parser that knows all of this.
PARSER = "1.0.0"
LABELS = "labels.txt"
# Enumerations of the schema: AssociatedFileType, ColorSpaceType, ContentProperties and
# ProcessUnitOptions.
AXIS_LABELS, VALUE_LABELS = 2, 3
RGB, FEATURES, IMAGE, NORMALIZATION = 1, 1, 2, 1
# Dates in archives begin here.
EPOCH = (1980, 1, 1, 0, 0, 0)


def with_metadata(model: Model, contract: Contract, classes: Sequence[str]) -> Model:
    """Return a model that describes its input and output, with a file of the classes' names."""
    metadata = {**model.metadata, METADATA: _Tables().model(contract, bool(classes))}
    files = {LABELS: "".join(f"{name}\n" for name in classes).encode()} if classes else {}
    return dataclasses.replace(model, metadata=metadata, files={**model.files, **files})


def archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a ZIP archive of files as they are, the same for the same files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, data in files:
            made.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return content.getvalue()


class _Tables:
    """Builds the tables of the metadata; fields go by their number in the schema."""

    def __init__(self) -> None:
        import flatbuffers

        self._builder: Any = flatbuffers.Builder(1024)

    def model(self, contract: Contract, has_labels: bool) -> bytes:
        """Return the metadata of a model with these ends."""
        inputs = self._offsets([self._image(contract.input)])
        outputs = self._offsets([self._output(contract.output, has_labels)])
        graphs = self._offsets([self._table(10, {2: inputs, 3: outputs})])
        root = self._table(8, {3: graphs, 7: self._text(PARSER)})
        self._builder.Finish(root, file_identifier=IDENTIFIER)
        return bytes(self._builder.Output())

    def _image(self, spec: TensorSpec) -> int:
        content = self._union(3, IMAGE, self._colours())
        normalization = self._table(2, {0: self._floats([0.0]), 1: self._floats([1.0])})
        units = self._offsets([self._union(2, NORMALIZATION, normalization)])
        limits = self._table(2, {0: self._floats([255.0]), 1: self._floats([0.0])})
        return self._table(7, {0: self._text(spec.node), 3: content, 4: units, 5: limits})

    def _output(self, spec: TensorSpec, has_labels: bool) -> int:
        content = self._union(3, FEATURES, self._table(0, {}))
        fields = {0: self._text(spec.node), 3: content}
        labels = {6: self._offsets([self._labels(spec)])} if has_labels else {}
        return self._table(7, {**fields, **labels})

    def _labels(self, spec: TensorSpec) -> int:
        kind = AXIS_LABELS if spec.dtype.startswith("float") else VALUE_LABELS
        name = self._text(LABELS)
        self._builder.StartObject(5)
        self._builder.PrependUOffsetTRelativeSlot(0, name, 0)
        self._builder.PrependInt8Slot(2, kind, 0)
        return int(self._builder.EndObject())

    def _table(self, count: int, fields: Mapping[int, int]) -> int:
        """Build a table that has a number of fields, of which these are offsets."""
        self._builder.StartObject(count)
        for slot, offset in fields.items():
            self._builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        return int(self._builder.EndObject())

    def _colours(self) -> int:
        self._builder.StartObject(2)
        self._builder.PrependInt8Slot(0, RGB, 0)
        return int(self._builder.EndObject())

    def _union(self, count: int, kind: int, offset: int) -> int:
        """Build a table whose first two fields are which table a union is, and that."""
        self._builder.StartObject(count)
        self._builder.PrependUint8Slot(0, kind, 0)
        self._builder.PrependUOffsetTRelativeSlot(1, offset, 0)
        return int(self._builder.EndObject())

    def _text(self, text: str) -> int:
        return int(self._builder.CreateString(text))

    def _offsets(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def _floats(self, values: Sequence[float]) -> int:
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return int(self._builder.EndVector())
