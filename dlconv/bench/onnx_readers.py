"""ONNX files of one network in other readers than ONNX Runtime: the same labels or not.

    python -m dlconv.bench.onnx_readers MODEL --images DIR [--size 257] [--reader NAME]...
        [--python .venv-readers/bin/python] [--calibrate DIR] [--most N] [--json]

Each form of the network is converted and run in ONNX Runtime, and then in each reader: the
libraries of ``onnx_libraries``, in the environment that ``make readers`` sets up, and ONNX
Runtime's builds for the web (``ort-web-node:wasm``, ``ort-web:wasm``, ``ort-web:webgpu``). Scores
are compared by the labels that they give.

The JSON is one object: ``schema`` (1), ``model``, ``photos``, and ``answers``, a list of ``form``
(options of ``dlconv onnx``), ``reader``, ``pixels``, ``differing_pixels`` (null where the reader
gives no labels) and ``message`` (why it does not).
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact
from dlconv.bench import onnx_libraries
from dlconv.bench.onnx_libraries import LIBRARIES
from dlconv.bench.program import exit_code_of
from dlconv.convert.artifact import Learning, make_artifact
from dlconv.convert.quantize.images import LoadImages
from dlconv.convert.targets.onnx.opset import OPSETS
from dlconv.errors import DlconvError
from dlconv.fetch.find import find_frozen_graph
from dlconv.graph.contract import has_channels_first
from dlconv.recipe import DEFAULT_OPSET, Interface, Precision, Recipe
from dlconv.registry.models import load_registry
from dlconv.runtimes.catalogue import Choice, choices_for, parse_choice
from dlconv.runtimes.framing import framed
from dlconv.terminal.console import say
from dlconv.terminal.output import show
from dlconv.terminal.tables import Table
from dlconv.verify.calibration import photos_for
from dlconv.verify.photos import Photo, find_photos, load_photo

SCHEMA = 1
WEB = ("ort-web-node:wasm", "ort-web:wasm", "ort-web:webgpu")
PYTHON = Path(".venv-readers/bin/python")
NEWEST_OPSET = OPSETS[1]
SECONDS = 1200.0

Labels = list[np.ndarray]


@dataclass(frozen=True)
class Answer:
    """How a form does in a reader, of whose ``pixels`` so many have another label.

    ``differing_pixels`` is None where it gives no labels, and ``message`` says why.
    """

    form: str
    reader: str
    pixels: int
    differing_pixels: int | None
    message: str = ""

    @property
    def text(self) -> str:
        """The answer in a word or two."""
        if self.differing_pixels is None:
            return "refused"
        return f"{self.differing_pixels:,}" if self.differing_pixels else "equal"


def recipes(size: int) -> list[Recipe]:
    """Return how each form is made; ``size`` is the side of those whose input is fixed."""
    fixed = Interface((size, size))
    first = replace(fixed, layout="nchw")
    floats = replace(first, input_dtype="float32")
    return [
        Recipe("onnx"),
        Recipe("onnx", opset=NEWEST_OPSET),
        Recipe("onnx", interface=Interface(output="scores")),
        Recipe("onnx", Precision.FLOAT16),
        Recipe("onnx", Precision.INT8),
        Recipe("onnx", Precision.STATIC),
        Recipe("onnx", interface=fixed),
        Recipe("onnx", interface=first),
        Recipe("onnx", interface=floats),
        Recipe("onnx", interface=floats, opset=NEWEST_OPSET),
        Recipe("onnx", interface=replace(fixed, output="scores")),
        Recipe("onnx", Precision.FLOAT16, interface=fixed),
        Recipe("onnx", Precision.INT8, interface=fixed),
        Recipe("onnx", Precision.STATIC, interface=fixed),
    ]


def form_of(recipe: Recipe) -> str:
    """Return the options of ``dlconv onnx`` that make a form; the default has none."""
    options = recipe.command("MODEL")[3:]
    return " ".join(options).removesuffix(f"--opset {DEFAULT_OPSET}").strip()


def compare(
    frozen: FrozenGraph,
    recipe: Recipe,
    readers: Sequence[str],
    photos: Sequence[Photo],
    python: Path = PYTHON,
    calibration: LoadImages | None = None,
) -> Iterator[Answer]:
    """Make a form, and yield how it does in each reader.

    Raises DlconvError where it cannot be converted or there is no such ``python``, UsageError for a
    reader that there is not.
    """
    form = form_of(recipe)
    say(f"converting: {form or 'default'}")
    with tempfile.TemporaryDirectory(prefix="dlconv-readers-") as folder:
        place = Path(folder) / "model.onnx"
        artifact = make_artifact(frozen, recipe, place, Learning(calibration)).artifact
        made = _Form(recipe, artifact, photos)
        expected = made.in_runtime(choices_for("onnx", [])[0])
        pixels = sum(labels.size for labels in expected)
        for reader in readers:
            say(f"  {reader}")
            try:
                found = made.in_reader(reader, python)
                yield Answer(form, reader, pixels, _differing(expected, found))
            except _RefusedError as refusal:
                yield Answer(form, reader, pixels, None, str(refusal))


class _RefusedError(Exception):
    """A reader gives no labels; the text is why."""


class _Form:
    """One form of the network as a file, and the photos as it takes them."""

    def __init__(self, recipe: Recipe, artifact: Artifact, photos: Sequence[Photo]) -> None:
        contract = artifact.manifest.contract
        crop = recipe.interface.input_size or contract.crop
        self._path = artifact.entry.resolve()
        self._gives_labels = recipe.interface.output == "labels"
        self._classes_axis = 1 if has_channels_first(contract.input) else -1
        self._images = [framed(load_photo(photo, crop), contract.input) for photo in photos]

    def in_runtime(self, choice: Choice) -> Labels:
        """Return the labels that a runtime of dlconv gives. Raises DlconvError."""
        with choice.start(self._path) as runtime:
            return [self._labels(runtime.infer(image).output) for image in self._images]

    def in_reader(self, reader: str, python: Path) -> Labels:
        """Return the labels that a reader gives; raises _RefusedError where it does not."""
        if reader in LIBRARIES:
            return self._in_library(reader, python)
        choice = parse_choice(reader)
        try:
            return self.in_runtime(choice)
        except DlconvError as error:
            raise _RefusedError(error.message) from error

    def _in_library(self, reader: str, python: Path) -> Labels:
        with tempfile.TemporaryDirectory(prefix="dlconv-readers-") as folder:
            given, outputs = Path(folder) / "images.npz", Path(folder) / "outputs.npz"
            np.savez(given, *self._images)
            files = map(str, (self._path, given, outputs))
            _run([str(python), onnx_libraries.__file__, reader, *files])
            with np.load(outputs) as found:
                return [self._labels(found[key]) for key in found.files]

    def _labels(self, output: np.ndarray) -> np.ndarray:
        if self._gives_labels:
            return output.astype(np.int64)
        return np.asarray(output.argmax(self._classes_axis))


def _run(command: Sequence[str]) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except OSError as error:
        hint = "make readers, or name one with --python"
        raise DlconvError(f"there is no Python {command[0]}: {error.strerror}", hint) from error
    except subprocess.TimeoutExpired as error:
        raise _RefusedError(f"no answer within {SECONDS:g} seconds") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines()
        raise _RefusedError(said[-1] if said else f"its process ended with {ended.returncode}")


def _differing(expected: Labels, found: Labels) -> int:
    """Return how many pixels differ; raises _RefusedError where even the shapes do."""
    for one, other in zip(expected, found, strict=True):
        if one.shape != other.shape:
            raise _RefusedError(f"gives shape {other.shape}, not {one.shape}")
    pairs = zip(expected, found, strict=True)
    return sum(int(np.count_nonzero(one != other)) for one, other in pairs)


def as_data(model: str, photos: int, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return everything as plain data, as the module describes it."""
    listed = [asdict(answer) for answer in answers]
    return {"schema": SCHEMA, "model": model, "photos": photos, "answers": listed}


def tables(model: str, answers: Sequence[Answer]) -> Iterator[Table | str]:
    """Yield a table with a row for each form and a column for each reader, and each refusal."""
    forms = list(dict.fromkeys(answer.form for answer in answers))
    readers = list(dict.fromkeys(answer.reader for answer in answers))
    text = {(answer.form, answer.reader): answer.text for answer in answers}
    pixels = {answer.form: answer.pixels for answer in answers}
    table = Table(title=model, caption="pixels with another label than in ONNX Runtime")
    for column in ("form", "pixels", *readers):
        table.add_column(column)
    for form in forms:
        cells = [text[form, reader] for reader in readers]
        table.add_row(form or "default", f"{pixels[form]:,}", *cells)
    yield table
    for message in dict.fromkeys(answer.message for answer in answers if answer.message):
        where = [a for a in answers if a.message == message]
        yield f"{where[0].reader}: {message} ({', '.join(a.form or 'default' for a in where)})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    return exit_code_of(_compare_all, _parser(), arguments)


def _compare_all(options: argparse.Namespace) -> None:
    frozen = find_frozen_graph(options.model, load_registry(None))
    photos = find_photos(options.images)[: options.most]
    calibration = photos_for(find_photos(options.calibrate)) if options.calibrate else None
    readers = options.reader or [*LIBRARIES, *WEB]
    answers = [
        answer
        for recipe in recipes(options.size)
        for answer in compare(frozen, recipe, readers, photos, options.python, calibration)
    ]
    model = frozen.source.model
    if options.json:
        show(as_data(model, len(photos), answers))
    else:
        show(*tables(model, answers))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dlconv.bench.onnx_readers",
        description="Compare what other readers make of ONNX files with what ONNX Runtime does.",
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--images", type=Path, action="append", required=True, metavar="DIR|FILE")
    parser.add_argument("--calibrate", type=Path, action="append", metavar="DIR|FILE")
    parser.add_argument("--size", type=int, default=257, help="side of a fixed input")
    parser.add_argument("--reader", action="append", metavar="NAME", help="default: all")
    parser.add_argument("--python", type=Path, default=PYTHON, help="has OpenCV and OpenVINO")
    parser.add_argument("--most", type=int, help="compare no more photos than these")
    return parser


if __name__ == "__main__":
    sys.exit(main())
