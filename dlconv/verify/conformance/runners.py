"""The backends that cases are run on, and TensorFlow, each in a process that may end.

A runner is started when it is first asked, and again after its process ended; a case at which that
happened fails.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from dlconv.convert.targets.litert.file import serialized
from dlconv.convert.targets.litert.write import to_litert
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.convert.targets.tfjs.write import write_graph_model
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, TensorSpec
from dlconv.graph.graph import Graph
from dlconv.runtimes.python_child import PythonChild
from dlconv.runtimes.tfjs_graphs import TfjsGraphs, tfjs_graphs
from dlconv.runtimes.web_graphs import WebGraphs
from dlconv.verify.conformance import worker
from dlconv.verify.conformance.cases import NODE

Feeds = Mapping[str, np.ndarray]

# What is said by a process or a page that cannot be asked again.
SIGNS = (
    "RuntimeError",
    "stopped (exit code",
    "did not answer",
    "cannot run",
    "memory access",
    "unreachable",
    "null function",
    "Aborted",
    "createBuffer failed",
)


class RefusedError(Exception):
    """The writer does not write the graph."""


class FailedError(Exception):
    """The runtime does not run what was written; ``is_broken`` if it runs nothing else, too."""

    def __init__(self, said: str, is_broken: bool = False) -> None:
        super().__init__(said)
        self.is_broken = is_broken


Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Kept(Generic[Asked]):
    """What is asked for results: started when it is first asked, and again once it is broken."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._asked: Asked | None = None

    def _start(self) -> AbstractContextManager[Asked]:
        raise NotImplementedError

    def _ask(self, question: Callable[[Asked], Answer]) -> Answer:
        """Return the answer to a question. Raises FailedError with what was said instead."""
        if self._asked is None:
            self._asked = self._stack.enter_context(self._start())
        try:
            return question(self._asked)
        except DlconvError as error:
            if is_broken := self._is_broken(self._asked, str(error)):
                self.close()
            raise FailedError(str(error), is_broken) from error

    def _is_broken(self, asked: Asked, said: str) -> bool:
        """Tell whether it cannot be asked again."""
        return any(sign in said for sign in SIGNS)

    def close(self) -> None:
        """End the process or the page."""
        self._stack.close()
        self._asked = None


class PythonRunner(_Kept[PythonChild]):
    """TensorFlow, ONNX Runtime or LiteRT in a Python process of its own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def _start(self) -> AbstractContextManager[PythonChild]:
        return closing(PythonChild(self._name, Path("a case"), worker.__name__, [self._name]))

    def _is_broken(self, asked: PythonChild, said: str) -> bool:
        return not asked.is_ready

    def run(self, content: bytes, feeds: Feeds, fetches: Sequence[str]) -> list[np.ndarray]:
        """Run a serialized graph. Raises FailedError with what the runtime said."""
        arguments = (content, dict(feeds), list(fetches))
        found: list[np.ndarray] = self._ask(lambda asked: asked.ask("run", *arguments))
        return found


class TfjsRunner(_Kept[TfjsGraphs]):
    """One backend of TF.js."""

    def __init__(self, backend: str) -> None:
        super().__init__()
        self.backend = backend

    def _start(self) -> AbstractContextManager[TfjsGraphs]:
        return tfjs_graphs(self.backend)

    def run(
        self, files: Mapping[str, bytes], feeds: Feeds, fetches: Sequence[str]
    ) -> list[np.ndarray]:
        """Run the files of a graph model. Raises FailedError with what TF.js says.

        A page whose GPU gave out is opened again.
        """
        try:
            return self._ask(lambda asked: asked.run(files, feeds, fetches))
        except FailedError as error:
            if not error.is_broken or "GPU" not in str(error):
                raise
        return self._ask(lambda asked: asked.run(files, feeds, fetches))


class WebRunner(_Kept[WebGraphs]):
    """A web runtime, given what starts it, and what it says of files that it never takes."""

    def __init__(
        self, open_: Callable[[], AbstractContextManager[WebGraphs]], refusals: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._open = open_
        self._refusals = refusals

    def _start(self) -> AbstractContextManager[WebGraphs]:
        return self._open()

    def run(self, model: bytes, feeds: Feeds) -> np.ndarray:
        """Run a model. Raises RefusedError or FailedError with what the runtime says."""
        try:
            return self._ask(lambda asked: asked.run(model, feeds))
        except FailedError as error:
            if any(words in str(error) for words in self._refusals):
                raise RefusedError(str(error)) from error
            raise


def graph_model_files(graph: Graph, input_name: str, output_name: str = NODE) -> dict[str, bytes]:
    """Return the files of a graph model, straight from the writer."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            write_graph_model(graph, _contract(input_name, output_name), {}, Path(folder))
        except DlconvError as error:
            raise RefusedError(str(error)) from error
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def litert_model(graph: Graph, input_name: str) -> bytes:
    """Return a LiteRT file, straight from the writer."""
    try:
        return bytes(serialized(to_litert(graph, _contract(input_name))))
    except DlconvError as error:
        raise RefusedError(str(error)) from error


def onnx_model(graph: Graph, input_name: str) -> bytes:
    """Return an ONNX model, straight from the writer."""
    try:
        model = to_onnx(graph, _contract(input_name))
    except DlconvError as error:
        raise RefusedError(str(error)) from error
    return model.proto().SerializeToString()


def _contract(input_name: str, output_name: str = NODE) -> Contract:
    image, output = (TensorSpec(name, "float32", None) for name in (input_name, output_name))
    return Contract(image, output, None, "", None, "")
