"""Our ONNX writer beside tf2onnx, on one network: nodes, bytes, labels and time per frame.

    python -m dlconv.bench.onnx_converters MODEL --images DIR [--calibrate DIR] [--rounds 20]
        [--most N] [--json]

Both converters make each form of the network: float32 as it is, with the input fixed at the crop
and at 257, halves, int8 weights, and integers (``static``). What a form gives is compared, pixel by
pixel, with what the graph that was handed to both converters gives in TensorFlow; where weights are
rounded, with that graph in float32. Frames are timed in ONNX Runtime on one thread, the two files
in turns (``measure``). What converting costs is measured by ``dlconv.bench.conversion``.

The JSON is one object: ``schema`` (1), ``model``, ``photos``, ``rounds``, and ``forms``, a list of
``form``, ``pixels`` and ``converters``, by name: ``nodes``, ``transposes``, ``bytes``,
``differing_pixels`` and ``ms``, the median.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact
from dlconv.bench.measure import Subject, measure
from dlconv.bench.program import exit_code_of, parser_of
from dlconv.convert.artifact import Learning, make_artifact
from dlconv.convert.interface import prepared
from dlconv.convert.quantize.images import LoadImages
from dlconv.fetch.find import find_frozen_graph
from dlconv.formats.onnx_file import load_onnx
from dlconv.graph.contract import Contract
from dlconv.recipe import CONVERTERS, Interface, Precision, Recipe
from dlconv.registry.models import load_registry
from dlconv.runtimes.catalogue import choices_for
from dlconv.runtimes.framing import framed
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.runtimes.tensorflow_child import TensorflowChild
from dlconv.terminal.console import say
from dlconv.terminal.output import show
from dlconv.terminal.tables import Table
from dlconv.verify.calibration import photos_for
from dlconv.verify.photos import Photo, find_photos, load_photo

SCHEMA = 1
LOW = (257, 257)


@dataclass(frozen=True)
class Made:
    """What one converter made of a form, and how it does.

    ``ms`` is the median of a frame; ``differing_pixels`` are those with another label.
    """

    nodes: int
    transposes: int
    bytes: int
    differing_pixels: int
    ms: float


@dataclass(frozen=True)
class Form:
    """One form of the network by both converters, ours first; ``pixels`` were compared."""

    form: str
    pixels: int
    converters: dict[str, Made]

    @property
    def ratio(self) -> float:
        """Our time per frame divided by the other's."""
        ours, other = self.converters.values()
        return ours.ms / other.ms


def forms_of(contract: Contract) -> dict[str, tuple[Precision, Interface]]:
    """Return precision and interface of each form by its name."""
    at_crop = {"float32 at the crop": (Precision.FLOAT32, Interface(contract.crop))}
    return {
        "float32": (Precision.FLOAT32, Interface()),
        **(at_crop if contract.crop else {}),
        "float32 at 257": (Precision.FLOAT32, Interface(LOW)),
        "float16": (Precision.FLOAT16, Interface()),
        "int8 weights": (Precision.INT8, Interface()),
        "static": (Precision.STATIC, Interface(contract.crop)),
    }


def compare(
    frozen: FrozenGraph,
    form: str,
    precision: Precision,
    interface: Interface,
    photos: Sequence[Photo],
    calibration: LoadImages | None,
    rounds: int,
    folder: Path,
) -> Form:
    """Make one form by both converters and compare them. Raises DlconvError where one cannot."""
    artifacts: dict[str, Artifact] = {}
    for converter in CONVERTERS["onnx"]:
        say(f"{form}: converting with {converter}")
        recipe = Recipe("onnx", precision, interface=interface, converter=converter)
        place = folder / f"{form}-{converter}".replace(" ", "-")
        artifacts[converter] = make_artifact(frozen, recipe, place, Learning(calibration)).artifact
    say(f"{form}: labels and times")
    expected = _labels_of_graph(frozen, interface, photos, folder)
    choice = choices_for("onnx", [])[0]
    subjects = [Subject(artifact, choice) for artifact in artifacts.values()]
    times = measure(subjects, photos, rounds)
    made = {
        converter: _made(artifact, photos, expected, measured.median_ms)
        for (converter, artifact), measured in zip(artifacts.items(), times, strict=True)
    }
    return Form(form, sum(labels.size for labels in expected), made)


def _labels_of_graph(
    frozen: FrozenGraph, interface: Interface, photos: Sequence[Photo], folder: Path
) -> list[np.ndarray]:
    """Return what the graph that the converters get gives in TensorFlow."""
    ready = prepared(frozen.path, interface)
    path = folder / "handed-over.pb"
    path.write_bytes(b"".join(ready.graph.serialized()))
    with TensorflowChild(path) as runtime:
        return [runtime.infer(_frame(photo, ready.contract)).labels for photo in photos]


def _frame(photo: Photo, contract: Contract) -> np.ndarray:
    return framed(load_photo(photo, contract.crop), contract.input)


def _made(
    artifact: Artifact, photos: Sequence[Photo], expected: Sequence[np.ndarray], ms: float
) -> Made:
    contract = artifact.manifest.contract
    with OnnxruntimeRuntime(artifact.entry) as runtime:
        found = [runtime.infer(_frame(photo, contract)).labels for photo in photos]
    kinds = [node.op_type for node in load_onnx(artifact.entry).graph.node]
    return Made(
        nodes=len(kinds),
        transposes=kinds.count("Transpose"),
        bytes=artifact.bytes,
        differing_pixels=sum(
            int(np.count_nonzero(one != other)) for one, other in zip(expected, found, strict=True)
        ),
        ms=ms,
    )


def as_data(model: str, photos: int, rounds: int, forms: Sequence[Form]) -> dict[str, Any]:
    """Return everything as plain data, as the module describes it."""
    listed = [asdict(form) for form in forms]
    return {
        "schema": SCHEMA,
        "model": model,
        "photos": photos,
        "rounds": rounds,
        "forms": listed,
    }


def tables(model: str, forms: Sequence[Form]) -> Iterator[Table | str]:
    """Yield a table with two rows for each form, and the mean of the ratios of time."""
    table = Table(title=model)
    for column in ("form", "converter"):
        table.add_column(column)
    for column in ("nodes", "transposes", "bytes", "differing pixels", "ms", "time ratio"):
        table.add_column(column, justify="right")
    for form in forms:
        for converter, made in form.converters.items():
            table.add_row(
                form.form,
                converter,
                str(made.nodes),
                str(made.transposes),
                f"{made.bytes:,}",
                f"{made.differing_pixels:,} of {form.pixels:,}",
                f"{made.ms:.1f}",
                f"{form.ratio:.2f}" if converter == CONVERTERS["onnx"][0] else "1",
            )
    yield table
    mean = statistics.geometric_mean(form.ratio for form in forms)
    yield f"Geometric mean of the time ratios: {mean:.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    return exit_code_of(_run, _parser(), arguments)


def _run(options: argparse.Namespace) -> None:
    frozen = find_frozen_graph(options.model, load_registry(None))
    photos = find_photos(options.images)[: options.most]
    calibration = photos_for(find_photos(options.calibrate)) if options.calibrate else None
    contract = prepared(frozen.path).contract
    chosen = forms_of(contract)
    with tempfile.TemporaryDirectory(prefix="dlconv-bench-") as folder:
        forms = [
            compare(frozen, form, *how, photos, calibration, options.rounds, Path(folder))
            for form, how in chosen.items()
        ]
    if options.json:
        show(as_data(frozen.source.model, len(photos), options.rounds, forms))
    else:
        show(*tables(frozen.source.model, forms))


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "dlconv.bench.onnx_converters",
        "Compare the files that dlconv and tf2onnx write: nodes, bytes, labels, time per frame.",
        rounds=20,
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--images", type=Path, action="append", required=True, metavar="DIR|FILE")
    parser.add_argument("--calibrate", type=Path, action="append", metavar="DIR|FILE")
    parser.add_argument("--most", type=int, help="compare no more photos than these")
    return parser


if __name__ == "__main__":
    sys.exit(main())
