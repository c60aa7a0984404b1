"""The targets whose backends are measured: how a case is written, converted and run for each."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.conformance.judge import ONNX_RUNTIME, refuse
from dlconv.convert.conformance.table import Table
from dlconv.convert.targets.litert.lower import lowered_for as lowered_for_litert
from dlconv.convert.targets.onnx.conformance import wrong_in_onnx
from dlconv.convert.targets.onnx.operation import written_operations
from dlconv.convert.targets.tfjs.lower import lowered_for
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.errors import DlconvError
from dlconv.graph.attributes import attribute_value
from dlconv.graph.element_types import output_count, output_types
from dlconv.graph.graph import Graph, copy_of
from dlconv.runtimes.litert import BACKENDS
from dlconv.runtimes.web_graphs import litert_graphs, ort_graphs
from dlconv.verify.conformance.cases import NODE
from dlconv.verify.conformance.runners import (
    Feeds,
    PythonRunner,
    RefusedError,
    TfjsRunner,
    WebRunner,
    graph_model_files,
    litert_model,
    onnx_model,
)
from dlconv.web import tfjs_operations

# It has no arrays for some element types, and resizes no input.
REFUSALS_OF_LITERT_WEB = ("is not supported", "does not match expected ranked tensor type")


@dataclass(frozen=True)
class Written:
    """The files that a graph was written as."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """What tells it from others."""
        return hashlib.sha256(b"".join(self.files.values())).hexdigest()[:16]


class Runner(Protocol):
    """A backend; ``run`` raises FailedError where it does not run what was written.

    ``can_spoil`` says that a case may damage what comes after it in the same process.
    """

    @property
    def can_spoil(self) -> bool:
        """Whether a result that is not right is only believed of a new process."""

    def run(self, written: Written, feeds: Feeds, port: int) -> np.ndarray:
        """Return one output."""

    def close(self) -> None:
        """End its process."""


class Target(Protocol):
    """What graphs are written as; ``write`` and ``convert`` raise RefusedError."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that are measured, the usual one first."""

    @property
    def versions(self) -> Mapping[str, str]:
        """What the measurement holds for."""

    @property
    def operations(self) -> frozenset[str]:
        """The operations that it may know."""

    def runner(self, backend: str) -> Runner:
        """Return a backend, which starts when it is first asked."""

    def write(self, graph: Graph, feeds: Feeds) -> Written:
        """Write a graph as it is."""

    def convert(self, graph: Graph, feeds: Feeds, table: Table, backend: str) -> Written:
        """Write a graph as ``convert`` does, so that it holds on a backend."""


class Tfjs:
    """TensorFlow.js, by dlconv's own writer."""

    name = "tfjs"
    backends = ("wasm", "cpu", "webgl", "webgpu")

    @property
    def versions(self) -> Mapping[str, str]:
        """TF.js and TensorFlow."""
        return {"tfjs": tfjs_operations().version, "tensorflow": version("tensorflow")}

    @property
    def operations(self) -> frozenset[str]:
        """Those of its converter, and those that the ONNX writer knows."""
        return frozenset(tfjs_operations().kernels) | written_operations()

    def runner(self, backend: str) -> Runner:
        """Return a backend in Node.js or Chromium."""
        return _TfjsFiles(TfjsRunner(backend))

    def write(self, graph: Graph, feeds: Feeds) -> Written:
        """Write a graph model."""
        return Written(graph_model_files(graph, next(iter(feeds))))

    def convert(self, graph: Graph, feeds: Feeds, table: Table, backend: str) -> Written:
        """Lower what the backend does not compute rightly, and write a graph model."""
        try:
            lowered = lowered_for(prepare_and_rewrite(graph).graph, table, (backend,))
        except DlconvError as error:
            raise RefusedError(str(error)) from error
        return self.write(lowered, feeds)


@dataclass(frozen=True)
class _TfjsFiles:
    runner: TfjsRunner

    @property
    def can_spoil(self) -> bool:
        return self.runner.backend == "wasm"

    def run(self, written: Written, feeds: Feeds, port: int) -> np.ndarray:
        name = f"{NODE}:{port}" if port else NODE
        model = written.files["model.json"]
        read = {key: value for key, value in feeds.items() if f'"name":"{key}"'.encode() in model}
        return self.runner.run(written.files, read, [name])[0]

    def close(self) -> None:
        self.runner.close()


class Onnx:
    """ONNX, by dlconv's own writer, in ONNX Runtime and in ONNX Runtime Web with wasm."""

    name = "onnx"
    backends = ("onnxruntime", "ort-web")

    @property
    def versions(self) -> Mapping[str, str]:
        """ONNX Runtime and TensorFlow."""
        return {name: version(name) for name in ("onnxruntime", "tensorflow")}

    @property
    def operations(self) -> frozenset[str]:
        """Those that have a writer."""
        return written_operations()

    def runner(self, backend: str) -> Runner:
        """Return ONNX Runtime in a process of its own."""
        if backend == "ort-web":
            return _FilesOfOutputs(WebRunner(ort_graphs))
        return _FilesOfOutputs(PythonRunner(backend))

    def write(self, graph: Graph, feeds: Feeds) -> Written:
        """Write a model for each output of the node."""
        return _one_file_an_output(onnx_model, graph, feeds)

    def convert(self, graph: Graph, feeds: Feeds, table: Table, backend: str) -> Written:
        """Refuse what the backend does not compute rightly, and write a model."""
        try:
            refuse(ONNX_RUNTIME, wrong_in_onnx(graph, table))
        except DlconvError as error:
            raise RefusedError(str(error)) from error
        return self.write(graph, feeds)


class Litert:
    """LiteRT, by dlconv's own writer: with XNNPACK, with its own kernels alone, and LiteRT.js."""

    name = "litert"
    backends = (*BACKENDS, "litert-web")

    @property
    def versions(self) -> Mapping[str, str]:
        """LiteRT and TensorFlow."""
        return {name: version(name) for name in ("ai-edge-litert", "tensorflow")}

    @property
    def operations(self) -> frozenset[str]:
        """Those that may be lowered for TF.js, since the lowerings are the same."""
        return Tfjs().operations

    def runner(self, backend: str) -> Runner:
        """Return LiteRT in a process of its own, or LiteRT.js in a page."""
        if backend == "litert-web":
            return _FilesOfOutputs(WebRunner(litert_graphs, REFUSALS_OF_LITERT_WEB))
        return _FilesOfOutputs(PythonRunner(backend))

    def write(self, graph: Graph, feeds: Feeds) -> Written:
        """Write a file for each output of the node."""
        return _one_file_an_output(litert_model, graph, feeds)

    def convert(self, graph: Graph, feeds: Feeds, table: Table, backend: str) -> Written:
        """Lower what the backend does not compute rightly, and write a file."""
        try:
            graph = lowered_for_litert(prepare_and_rewrite(graph).graph, table, (backend,))
        except DlconvError as error:
            raise RefusedError(str(error)) from error
        return self.write(graph, feeds)


def _one_file_an_output(
    write: Callable[[Graph, str], bytes], graph: Graph, feeds: Feeds
) -> Written:
    files = {"0": write(graph, next(iter(feeds)))}
    for port in range(1, output_count(graph.nodes[NODE]) or 1):
        with suppress(RefusedError):
            files[str(port)] = write(_with_output(graph, port), next(iter(feeds)))
    return Written(files)


def _with_output(graph: Graph, port: int) -> Graph:
    """Return a graph whose node of the case's name is another output of it."""
    nodes = [
        copy_of(node, name=f"{NODE}/all") if name == NODE else node
        for name, node in graph.nodes.items()
    ]
    data_type = (output_types(graph.nodes[NODE]) or ())[port]
    chosen = NodeDef(name=NODE, op="Identity", input=[f"{NODE}/all:{port}"])
    chosen.attr["T"].CopyFrom(attribute_value(np.dtype(data_type)))
    return graph.with_nodes([*nodes, chosen])


@dataclass(frozen=True)
class _FilesOfOutputs:
    runner: PythonRunner | WebRunner
    can_spoil = False

    def run(self, written: Written, feeds: Feeds, port: int) -> np.ndarray:
        if str(port) not in written.files:
            raise RefusedError(f"output {port} is not written")
        model = written.files[str(port)]
        if isinstance(self.runner, WebRunner):
            return self.runner.run(model, feeds)
        return self.runner.run(model, feeds, [])[0]

    def close(self) -> None:
        self.runner.close()


_ALL: tuple[Target, ...] = (Tfjs(), Onnx(), Litert())
TARGETS: Mapping[str, Target] = {each.name: each for each in _ALL}
