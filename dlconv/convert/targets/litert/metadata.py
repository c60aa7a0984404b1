"""What tools read of a LiteRT file besides the model: its image, its labels and their names.

It is TFLite Metadata (metadata_schema.fbs, version 1): a flatbuffer of its own among the model's
metadata, and a file of labels in a ZIP archive behind the model. MediaPipe Tasks and Android Studio
take how pixels are normalized and what classes are called from there.
"""

import dataclasses
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from dlconv.convert.targets.litert.model import Model
from dlconv.convert.targets.litert.tables import Tables
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
ROOM = 1024
# Dates in archives begin here.
EPOCH = (1980, 1, 1, 0, 0, 0)


def with_metadata(model: Model, contract: Contract, classes: Sequence[str]) -> Model:
    """Return a model that describes its input and output, with a file of the classes' names."""
    metadata = {**model.metadata, METADATA: _Metadata(ROOM).model(contract, bool(classes))}
    files = {LABELS: "".join(f"{name}\n" for name in classes).encode()} if classes else {}
    return dataclasses.replace(model, metadata=metadata, files={**model.files, **files})


def archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a ZIP archive of files as they are, the same for the same files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, data in files:
            made.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return content.getvalue()


class _Metadata(Tables):
    """Builds the tables of the metadata; fields go by their number in the schema."""

    def model(self, contract: Contract, has_labels: bool) -> bytes:
        """Return the metadata of a model with these ends."""
        inputs = self.offsets([self._image(contract.input)])
        outputs = self.offsets([self._output(contract.output, has_labels)])
        graphs = self.offsets([self._table(10, {2: inputs, 3: outputs})])
        root = self._table(8, {3: graphs, 7: self.text(PARSER)})
        self.builder.Finish(root, file_identifier=IDENTIFIER)
        return bytes(self.builder.Output())

    def _image(self, spec: TensorSpec) -> int:
        content = self._union(3, IMAGE, self._colours())
        normalization = self._table(2, {0: self.floats([0.0]), 1: self.floats([1.0])})
        units = self.offsets([self._union(2, NORMALIZATION, normalization)])
        limits = self._table(2, {0: self.floats([255.0]), 1: self.floats([0.0])})
        return self._table(7, {0: self.text(spec.node), 3: content, 4: units, 5: limits})

    def _output(self, spec: TensorSpec, has_labels: bool) -> int:
        content = self._union(3, FEATURES, self._table(0, {}))
        fields = {0: self.text(spec.node), 3: content}
        labels = {6: self.offsets([self._labels(spec)])} if has_labels else {}
        return self._table(7, {**fields, **labels})

    def _labels(self, spec: TensorSpec) -> int:
        kind = AXIS_LABELS if spec.dtype.startswith("float") else VALUE_LABELS
        name = self.text(LABELS)
        self.builder.StartObject(5)
        self.builder.PrependUOffsetTRelativeSlot(0, name, 0)
        self.builder.PrependInt8Slot(2, kind, 0)
        return int(self.builder.EndObject())

    def _table(self, count: int, fields: Mapping[int, int]) -> int:
        """Build a table that has a number of fields, of which these are offsets."""
        self.builder.StartObject(count)
        for slot, offset in fields.items():
            self.builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        return int(self.builder.EndObject())

    def _colours(self) -> int:
        self.builder.StartObject(2)
        self.builder.PrependInt8Slot(0, RGB, 0)
        return int(self.builder.EndObject())

    def _union(self, count: int, kind: int, offset: int) -> int:
        """Build a table whose first two fields are which table a union is, and that."""
        self.builder.StartObject(count)
        self.builder.PrependUint8Slot(0, kind, 0)
        self.builder.PrependUOffsetTRelativeSlot(1, offset, 0)
        return int(self.builder.EndObject())
