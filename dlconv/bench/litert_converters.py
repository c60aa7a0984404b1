"""Converters whose LiteRT files are compared, each as a command that writes a file.

dlconv writes float32, float16 and integers (``static``). TensorFlow's own converter writes floats,
weights of 8 bits with a dynamic range, and integers. It gets the frozen graph with its input fixed
at the size, and for floats and integers also the graph that dlconv rewrote, to tell what the
rewriting does from what the writing does. Some graphs of the zoo it refuses unless they are
rewritten: they resize their labels, integers, at the end. ``onnx2tf`` (PyPI) gets dlconv's ONNX
file, which ONNX Runtime runs as a reference of speed. Integers are calibrated on the same photos.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.bench.conversion import DLCONV, OUTPUT, Tool
from dlconv.convert.artifact import make_artifact
from dlconv.convert.interface import prepared, with_interface
from dlconv.graph.contract import Contract
from dlconv.recipe import Interface, Recipe
from dlconv.runtimes.framing import framed
from dlconv.verify.photos import Photo, load_photo

PROGRAM = Path(__file__).with_name("tensorflow_lite.py")
MODEL = Path("model.tflite")
OURS, TENSORFLOW, REWRITTEN = "dlconv", "TensorFlow", "TensorFlow, rewritten graph"
ONNX2TF, ONNXRUNTIME = "onnx2tf", "ONNX Runtime"
FLOAT32, FLOAT16, STATIC, DYNAMIC = "float32", "float16", "static", "dynamic"
# What TensorFlow's program calls a form.
TENSORFLOW_FORMS = {FLOAT32: "float", DYNAMIC: "dynamic", STATIC: "int8"}


@dataclass(frozen=True)
class Way:
    """A converter and a form: the command, and the file that is found in its output.

    Without a command the file is there already.
    """

    converter: str
    form: str
    tool: Tool | None
    file: Path

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.converter}, {self.form}"


@dataclass(frozen=True)
class Given:
    """What the converters get: a graph at a size, as files.

    ``frozen`` is the graph as it is downloaded, ``sized`` the same with its input fixed at the
    size, ``rewritten`` what dlconv's passes make of that, and ``onnx`` dlconv's ONNX file.
    ``contract`` is that of all but the first.
    """

    frozen: Path
    sized: Path
    rewritten: Path
    onnx: Path
    contract: Contract
    size: tuple[int, int]

    @property
    def size_text(self) -> str:
        """The size as commands take it."""
        return "x".join(map(str, self.size))


def given_at(frozen: FrozenGraph, size: tuple[int, int], folder: Path) -> Given:
    """Write a frozen graph at a size into a folder. Raises DlconvError where it cannot have it."""
    interface = Interface(size)
    sized, rewritten, onnx = (folder / name for name in ("sized.pb", "rewritten.pb", "model.onnx"))
    sized.write_bytes(b"".join(with_interface(frozen.path, interface).serialized()))
    ready = prepared(frozen.path, interface)
    rewritten.write_bytes(b"".join(ready.graph.serialized()))
    make_artifact(frozen, Recipe("onnx", interface=interface), onnx)
    return Given(
        frozen=frozen.path.absolute(),
        sized=sized,
        rewritten=rewritten,
        onnx=onnx,
        contract=ready.contract,
        size=size,
    )


def static(given: Given, calibration: Sequence[Photo]) -> Way:
    """Return dlconv's integers, calibrated on photos."""
    options = [part for photo in calibration for part in ("--calibrate", str(photo.path))]
    return _ours(given, STATIC, options)


def everyone(
    given: Given, calibration: Sequence[Photo], onnx2tf: Path | None, folder: Path
) -> list[Way]:
    """Return all ways; ``onnx2tf`` is the program, None leaves it out.

    What they read apart from ``given`` is written into ``folder``.
    """
    photos = folder / "calibration.npy"
    frames = [framed(load_photo(each, given.size), given.contract.input) for each in calibration]
    np.save(photos, np.concatenate(frames))
    ours = [_ours(given, FLOAT32), _ours(given, FLOAT16), static(given, calibration)]
    return [*ours, *_of_tensorflow(given, photos), *_of_onnx(given, onnx2tf)]


def _ours(given: Given, form: str, options: Sequence[str] = ()) -> Way:
    command = (*DLCONV, "litert", str(given.frozen), "--input-size", given.size_text)
    chosen = ("--quantize", form, *options, "-o", f"{OUTPUT}/{MODEL}")
    return Way(OURS, form, Tool(OURS, "litert", (*command, *chosen)), MODEL)


def _of_tensorflow(given: Given, photos: Path) -> Iterator[Way]:
    for form in TENSORFLOW_FORMS:
        yield _tensorflow(TENSORFLOW, given.sized, form, given, photos)
    for form in (FLOAT32, STATIC):
        yield _tensorflow(REWRITTEN, given.rewritten, form, given, photos)


def _tensorflow(converter: str, graph: Path, form: str, given: Given, photos: Path) -> Way:
    ends = (given.contract.input.node, given.contract.output.node, given.size_text)
    files = (str(graph), f"{OUTPUT}/{MODEL}", TENSORFLOW_FORMS[form])
    calibration = (str(photos),) if form == STATIC else ()
    command = (sys.executable, str(PROGRAM), *files, *ends, *calibration)
    return Way(converter, form, Tool(converter, "litert", command), MODEL)


def _of_onnx(given: Given, onnx2tf: Path | None) -> Iterator[Way]:
    if onnx2tf is not None:
        # It would take the axes of the input for another order, and turn them.
        as_it_is = ("-kat", given.contract.input.node)
        command = (str(onnx2tf.absolute()), "-i", str(given.onnx), *as_it_is, "-o", OUTPUT)
        file = Path(f"{given.onnx.stem}_float32.tflite")
        yield Way(ONNX2TF, FLOAT32, Tool(ONNX2TF, "litert", command), file)
    yield Way(ONNXRUNTIME, FLOAT32, None, given.onnx)
