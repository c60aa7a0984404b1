"""All runtimes by name: which artifacts each runs, and with which backends.

The first runtime of a target is its default, and so is the first backend of a runtime.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlconv.errors import UsageError
from dlconv.runtimes import Runtime
from dlconv.runtimes.litert import BACKENDS
from dlconv.runtimes.litert_child import LitertChild
from dlconv.runtimes.litert_web import LitertWebRuntime
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.runtimes.ort_web import OrtWebNodeRuntime, OrtWebRuntime
from dlconv.runtimes.tensorflow_child import TensorflowChild
from dlconv.runtimes.tfjs_chromium import TfjsChromiumRuntime
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime

ALL = "all"


@dataclass(frozen=True)
class RuntimeKind:
    """A runtime: its name, the target of the artifacts it runs, and its backends.

    ``make`` takes the file that runs (a model.json, an ONNX or .tflite file or a frozen graph), a
    backend, and the number of threads, None for the runtime's default. Those in Node.js have one.
    ``program`` is what it runs in, if not in Python: ``node`` or ``chromium``.
    """

    name: str
    target: str
    backends: tuple[str, ...]
    make: Callable[[Path, str, int | None], Runtime]
    program: str = ""


KINDS = (
    RuntimeKind(
        "tfjs-node",
        "tfjs",
        ("wasm", "cpu"),
        lambda entry, backend, threads: TfjsNodeRuntime(entry.parent, backend),
        "node",
    ),
    RuntimeKind(
        "tfjs-chromium",
        "tfjs",
        ("wasm", "webgl", "webgpu"),
        lambda entry, backend, threads: TfjsChromiumRuntime(entry.parent, backend, threads),
        "chromium",
    ),
    RuntimeKind(
        "onnxruntime",
        "onnx",
        ("cpu",),
        lambda entry, backend, threads: OnnxruntimeRuntime(entry, threads),
    ),
    RuntimeKind(
        "ort-web",
        "onnx",
        ("wasm", "webgpu"),
        OrtWebRuntime,
        "chromium",
    ),
    RuntimeKind(
        "ort-web-node",
        "onnx",
        ("wasm",),
        lambda entry, backend, threads: OrtWebNodeRuntime(entry),
        "node",
    ),
    RuntimeKind("litert", "litert", BACKENDS, LitertChild),
    RuntimeKind(
        "litert-web",
        "litert",
        ("wasm", "webgpu"),
        LitertWebRuntime,
        "chromium",
    ),
    RuntimeKind(
        "tensorflow",
        "tensorflow",
        ("cpu",),
        lambda entry, backend, threads: TensorflowChild(entry, threads),
    ),
)


@dataclass(frozen=True)
class Choice:
    """A runtime with one of its backends."""

    kind: RuntimeKind
    backend: str

    @property
    def name(self) -> str:
        """Its name and backend, for people."""
        return f"{self.kind.name} {self.backend}"

    @property
    def spec(self) -> str:
        """Its name and backend, as ``parse_choice`` reads them."""
        return f"{self.kind.name}:{self.backend}"

    def start(self, entry: Path, threads: int | None = None) -> Runtime:
        """Return the runtime for an artifact's file; it loads when it is entered."""
        return self.kind.make(entry, self.backend, threads)


def parse_choices(words: Sequence[str]) -> list[Choice]:
    """Translate ``NAME[:BACKEND]`` or ``all``; an empty list leaves it to the defaults.

    Raises UsageError for an unknown runtime or backend.
    """
    if ALL in words:
        return [Choice(kind, backend) for kind in KINDS for backend in kind.backends]
    return list(dict.fromkeys(map(parse_choice, words)))


def parse_choice(word: str) -> Choice:
    """Translate ``NAME[:BACKEND]``. Raises UsageError for an unknown one."""
    name, _, backend = word.partition(":")
    kind = next((kind for kind in KINDS if kind.name == name), None)
    if kind is None:
        names = ", ".join([*(kind.name for kind in KINDS), ALL])
        raise UsageError(f"there is no runtime {name!r}; there are {names}")
    if backend and backend not in kind.backends:
        backends = ", ".join(kind.backends)
        raise UsageError(f"{name} has no backend {backend!r}; it has {backends}")
    return Choice(kind, backend or kind.backends[0])


def choices_for(target: str, chosen: Sequence[Choice]) -> list[Choice]:
    """Return those of the chosen that run a target's artifacts, or its default if none is chosen.

    Raises UsageError when others are chosen, but none for this target.
    """
    known = [kind for kind in KINDS if kind.target == target]
    if not chosen:
        return [Choice(known[0], known[0].backends[0])]
    found = [choice for choice in chosen if choice.kind.target == target]
    if not found:
        names = ", ".join(kind.name for kind in known)
        raise UsageError(f"none of the chosen runtimes runs {target} artifacts; those are {names}")
    return found
