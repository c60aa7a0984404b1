"""The backends that cases are run on, and TensorFlow, each in a process that may end.

A runner is started when it is first asked, and again after its process ended; a case at which that
happened fails.
"""

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.convert.targets.tfjs.write import write_graph_model
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, TensorSpec
from dlconv.graph.graph import Graph
from dlconv.runtimes.ort_graphs import OrtGraphs, ort_graphs
from dlconv.runtimes.tfjs_graphs import TfjsGraphs, tfjs_graphs

Feeds = Mapping[str, np.ndarray]


class RefusedError(Exception):
    """The writer does not write the graph."""


class FailedError(Exception):
    """The runtime does not run what was written."""


class PythonRunner:
    """TensorFlow or ONNX Runtime in a Python process of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, content: bytes, feeds: Feeds, fetches: Sequence[str]) -> list[np.ndarray]:
        """Run a serialized graph. Raises FailedError with what the runtime said."""
        if self._process is None:
            command = [sys.executable, "-m", "dlconv.verify.conformance.worker", self._name]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((content, dict(feeds), list(fetches)), process.stdin)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            self.close()
            raise FailedError("its process ended") from error
        if isinstance(answer, str):
            raise FailedError(answer)
        return list(answer)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class TfjsRunner:
    """One backend of TF.js."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self._context: AbstractContextManager[TfjsGraphs] | None = None
        self._graphs: TfjsGraphs | None = None

    def run(
        self, files: Mapping[str, bytes], feeds: Feeds, fetches: Sequence[str]
    ) -> list[np.ndarray]:
        """Run the files of a graph model. Raises FailedError with what TF.js says.

        A page whose GPU gave out is opened again.
        """
        try:
            return self._asked().run(files, feeds, fetches)
        except DlconvError as error:
            if not _is_broken(str(error)):
                raise FailedError(str(error)) from error
            self.close()
            if "GPU" not in str(error):
                raise FailedError(str(error)) from error
        try:
            return self._asked().run(files, feeds, fetches)
        except DlconvError as error:
            raise FailedError(str(error)) from error

    def _asked(self) -> TfjsGraphs:
        if self._graphs is None:
            self._context = tfjs_graphs(self.backend)
            self._graphs = self._context.__enter__()
        return self._graphs

    def close(self) -> None:
        """End the process or the page."""
        if self._context is not None:
            self._context.__exit__(None, None, None)
            self._context = self._graphs = None


class OrtWebRunner:
    """ONNX Runtime Web with wasm."""

    def __init__(self) -> None:
        self._context: AbstractContextManager[OrtGraphs] | None = None
        self._graphs: OrtGraphs | None = None

    def run(self, model: bytes, feeds: Feeds) -> np.ndarray:
        """Run a model. Raises FailedError with what ONNX Runtime says."""
        if self._graphs is None:
            self._context = ort_graphs()
            self._graphs = self._context.__enter__()
        try:
            return self._graphs.run(model, feeds)
        except DlconvError as error:
            if _is_broken(str(error)):
                self.close()
            raise FailedError(str(error)) from error

    def close(self) -> None:
        """End the process."""
        if self._context is not None:
            self._context.__exit__(None, None, None)
            self._context = self._graphs = None


def _is_broken(message: str) -> bool:
    """Tell whether a backend cannot be asked again."""
    signs = ("RuntimeError", "stopped (exit code", "did not answer", "cannot run", "memory access")
    return any(
        sign in message
        for sign in (*signs, "unreachable", "null function", "Aborted", "createBuffer failed")
    )


def graph_model_files(graph: Graph, input_name: str) -> dict[str, bytes]:
    """Return the files of a graph model, straight from the writer, without a signature."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            write_graph_model(graph, _contract(input_name), {}, Path(folder))
        except DlconvError as error:
            raise RefusedError(str(error)) from error
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def onnx_model(graph: Graph, input_name: str) -> bytes:
    """Return an ONNX model, straight from the writer."""
    try:
        model = to_onnx(graph, _contract(input_name))
    except DlconvError as error:
        raise RefusedError(str(error)) from error
    return model.proto().SerializeToString()


def _contract(input_name: str) -> Contract:
    image, output = (TensorSpec(name, "float32", None) for name in (input_name, "y"))
    return Contract(image, output, None, "", None, "")
