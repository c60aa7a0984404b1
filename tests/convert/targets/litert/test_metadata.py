"""Files describe themselves as TFLite Metadata (metadata_schema.fbs) has it."""

import dataclasses
import io
import zipfile

import numpy as np
import pytest
import tflite
from ai_edge_litert.interpreter import Interpreter
from support.artifacts import made
from support.sample import sample_graph

from dlconv.convert.targets.litert.metadata import LABELS, METADATA
from dlconv.recipe import Interface

CLASSES = ("background", "disc", "rectangle", "triangle", "ring")
# Field numbers of the schema.
SUBGRAPHS, INPUTS, OUTPUTS, NAME, UNITS, FILES = 3, 2, 3, 0, 4, 6


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metadata")
    frozen = dataclasses.replace(sample_graph(folder), classes=CLASSES)
    scores = Interface(output="scores")
    return made("litert", frozen, folder / "out", interface=scores).artifact.entry.read_bytes()


def metadata_of(content: bytes) -> bytes:
    model = tflite.Model.GetRootAs(content, 0)
    entries = [model.Metadata(k) for k in range(model.MetadataLength())]
    (found,) = (each for each in entries if each.Name() == METADATA.encode())
    return bytes(model.Buffers(found.Buffer()).DataAsNumpy())


class Walk:
    """A table of a flatbuffer whose fields are gone to by number."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position

    def _number(self, position: int, dtype) -> int:
        return int(np.frombuffer(self._content, dtype, 1, position)[0])

    def _field(self, slot: int) -> int:
        vtable = self._position - self._number(self._position, np.int32)
        return self._position + self._number(vtable + 4 + 2 * slot, np.uint16)

    def _target(self, slot: int) -> int:
        field = self._field(slot)
        return field + self._number(field, np.uint32)

    def first(self, slot: int) -> "Walk":
        start = self._target(slot) + 4
        return Walk(self._content, start + self._number(start, np.uint32))

    def table(self, slot: int) -> "Walk":
        return Walk(self._content, self._target(slot))

    def text(self, slot: int) -> str:
        start = self._target(slot)
        return self._content[start + 4 : start + 4 + self._number(start, np.uint32)].decode()

    def floats(self, slot: int) -> list[float]:
        start = self._target(slot)
        count = self._number(start, np.uint32)
        return np.frombuffer(self._content, np.float32, count, start + 4).tolist()

    def byte(self, slot: int) -> int:
        return self._content[self._field(slot)]


def test_the_input_is_an_image_of_pixels_as_they_are(content):
    found = metadata_of(content)
    assert found[4:8] == b"M001"
    root = Walk(found, int(np.frombuffer(found, np.uint32, 1)[0]))
    image = root.first(SUBGRAPHS).first(INPUTS)
    assert image.text(NAME) == "ImageTensor"
    normalization = image.first(UNITS).table(1)
    assert (normalization.floats(0), normalization.floats(1)) == ([0.0], [1.0])


def test_scores_name_the_classes_along_their_axis_in_a_file_behind(content):
    found = metadata_of(content)
    root = Walk(found, int(np.frombuffer(found, np.uint32, 1)[0]))
    labels = root.first(SUBGRAPHS).first(OUTPUTS).first(FILES)
    assert (labels.text(NAME), labels.byte(2)) == (LABELS, 2)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read(LABELS).decode().splitlines() == list(CLASSES)


def test_a_runtime_takes_the_file_as_it_is(content):
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (output,) = interpreter.get_output_details()
    assert output["shape"].tolist() == [1, 129, 129, len(CLASSES)]
