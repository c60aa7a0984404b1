"""One run of an artifact that was just written, before it gets its place.

It answers one generated input in its default runtime, and TensorFlow answers it by the frozen
graph, with the interface that the artifact was given and not rewritten in any other way. That shows
what the rest cannot: that what was written loads, runs, and computes the graph. Photos and floors
are left to ``verify``.
"""

import dataclasses
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact, Manifest
from dlconv.convert.checked import Checked
from dlconv.convert.interface import with_interface
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract, fixed_size
from dlconv.graph.graph import Graph
from dlconv.recipe import OWN_INTERFACE, Interface, Precision
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.catalogue import Choice, choices_for, parse_choice
from dlconv.runtimes.framing import channels_last
from dlconv.verify.difference import share_of_largest
from dlconv.verify.floors import DEFAULT_FLOORS
from dlconv.verify.generated import generated, shapes_of
from dlconv.verify.kept_answers import KeptAnswers

IMAGE_TYPES = ("uint8", "float32")
GPU_BACKENDS = ("webgl", "webgpu")
# Share of equal integers with which rounded weights pass: on a generated image only nonsense has
# less. The official converter's 8 bits may give nonsense, which is what they are compared for.
LEAST_AGREEMENT = {
    Precision.FLOAT32: DEFAULT_FLOORS[Precision.FLOAT32].agreement,
    Precision.FLOAT16: 0.9,
    Precision.UINT16: 0.9,
    Precision.PLAIN1: 0.0,
}
LEAST_OF_8_BITS = 0.5
# Of fewer integers, such as one label of a whole image, rounded weights may change each.
FEW = 100
# Largest difference of floats, as a share of the largest value. That of a network of zeros is 1.
MOST_ERROR = 1e-4
MOST_ERROR_ON_GPU = 1e-3
MOST_ERROR_OF_ROUNDED = 1.0


def check_written(artifact: Artifact, frozen: FrozenGraph, place: Path) -> Checked:
    """Run an artifact once beside its frozen graph; ``place`` is where it goes.

    Float32 has to give equal integers, but for the share that ``verify`` allows, and floats to
    1e-4 of the largest (1e-3 on a GPU); of other precisions only nonsense fails. Raises
    RuntimeMissingError without the runtime, DlconvError for an input that is no image, a graph that
    TensorFlow does not run, and an artifact that does not load or run or that differs.
    """
    manifest = artifact.manifest
    choice = _choice_for(manifest)
    if manifest.contract.input.dtype not in IMAGE_TYPES:
        dtype = manifest.contract.input.dtype
        raise DlconvError(
            f"{manifest.contract.input.node} takes {dtype}, and only images can be checked",
            "convert it without a check",
            code="check-failed",
        )
    with _reference_graph(frozen, manifest) as path:
        given, expected = _expected(path)
    found = _run(artifact, choice, given, place)
    return _judged(manifest, choice, given, expected, found)


def _failure(message: str) -> DlconvError:
    hint = "convert it without the check, and bisect finds the layer"
    return DlconvError(f"{message}; nothing was written", hint, code="check-failed")


def _choice_for(manifest: Manifest) -> Choice:
    recipe = manifest.recipe
    backends = recipe.backends if recipe is not None else ()
    if not backends:
        return choices_for(manifest.target, [])[0]
    kind = "tfjs-chromium" if backends[0] in GPU_BACKENDS else "tfjs-node"
    return parse_choice(f"{kind}:{backends[0]}")


@contextmanager
def _reference_graph(frozen: FrozenGraph, manifest: Manifest) -> Iterator[Path]:
    """Yield the frozen graph, or one that was only given the artifact's interface."""
    interface = _interface_of(manifest, frozen)
    if interface == OWN_INTERFACE:
        yield frozen.path
        return
    graph = with_interface(frozen.path, interface)
    with tempfile.TemporaryDirectory(prefix="dlconv-") as folder:
        path = Path(folder) / frozen.path.name
        path.write_bytes(b"".join(graph.serialized()))
        yield path


def _interface_of(manifest: Manifest, frozen: FrozenGraph) -> Interface:
    """Return an artifact's interface, with the size that it was fixed at without being asked."""
    interface, size = manifest.interface, fixed_size(manifest.contract.input)
    if size is None or interface.input_size is not None:
        return interface
    own_size = fixed_size(find_contract(Graph(read_graph(frozen.path))).input)
    return dataclasses.replace(interface, input_size=size) if own_size is None else interface


def _expected(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return an input that TensorFlow runs the graph on, and what it gives."""
    contract = find_contract(Graph(read_graph(path)))
    *others, last = (generated(shape, contract.input) for shape in shapes_of(contract))
    with KeptAnswers(path) as answers:
        for given in others:
            with suppress(DlconvError):
                return given, answers.to(given)
        return last, answers.to(last)


def _run(artifact: Artifact, choice: Choice, given: np.ndarray, place: Path) -> np.ndarray:
    """Return what the artifact gives for an input of the graph's, in the graph's order of axes."""
    spec = artifact.manifest.contract.input
    is_turned = artifact.manifest.interface.layout == "nchw"
    turned = np.ascontiguousarray(given.transpose(0, 3, 1, 2)) if is_turned else given
    try:
        with choice.start(artifact.entry) as runtime:
            output = runtime.infer(turned).output
    except RuntimeMissingError:
        raise
    except DlconvError as error:
        reason = error.message.replace(str(artifact.directory), str(place))
        raise _failure(f"{artifact.title} fails in {choice.name}: {reason}") from error
    return channels_last(output, spec) if is_turned and output.ndim == 4 else output


def _judged(
    manifest: Manifest, choice: Choice, given: np.ndarray, expected: np.ndarray, found: np.ndarray
) -> Checked:
    """Compare an artifact's output with TensorFlow's. Raises DlconvError where it differs."""
    checked = Checked(choice.kind.name, choice.backend, given.shape, found.shape)
    are_floats = expected.dtype.kind == "f"
    if found.shape != expected.shape or (found.dtype.kind == "f") != are_floats:
        said, wanted = (f"{each.dtype} {list(each.shape)}" for each in (found, expected))
        raise _differs(manifest, checked, f"{said} where TensorFlow gives {wanted}")
    if are_floats:
        checked = dataclasses.replace(checked, error=share_of_largest(expected, found))
        is_right = checked.error is not None and checked.error <= _most_error(manifest, choice)
    else:
        checked = dataclasses.replace(checked, equal=float(np.mean(expected == found)))
        is_right = checked.equal is not None and checked.equal >= _least_equal(manifest, found.size)
    if not is_right:
        raise _differs(manifest, checked, checked.found)
    return checked


def _differs(manifest: Manifest, checked: Checked, found: str) -> DlconvError:
    return _failure(f"{manifest.title} is not the frozen graph in {checked.where}: {found}")


def _most_error(manifest: Manifest, choice: Choice) -> float:
    if manifest.precision is Precision.PLAIN1:
        return math.inf
    if manifest.precision is not Precision.FLOAT32:
        return MOST_ERROR_OF_ROUNDED
    return MOST_ERROR_ON_GPU if choice.backend in GPU_BACKENDS else MOST_ERROR


def _least_equal(manifest: Manifest, count: int) -> float:
    if manifest.precision is not Precision.FLOAT32 and count < FEW:
        return 0.0
    return LEAST_AGREEMENT.get(manifest.precision, LEAST_OF_8_BITS)
