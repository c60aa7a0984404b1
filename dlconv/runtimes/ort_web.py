"""The runtimes ``ort-web``, ONNX Runtime Web in Chromium, and ``ort-web-node``, in Node.js."""

from pathlib import Path

from dlconv.runtimes.node_process import NodeProcess
from dlconv.runtimes.page import Page
from dlconv.runtimes.session import SessionRuntime


class OrtWebNodeRuntime(SessionRuntime[NodeProcess]):
    """Runs an ONNX file in a Node.js process of its own, on one thread."""

    name = "ort-web-node"
    backend = "wasm"
    described = ("onnxruntime_web", "node", "simd", "threads")

    def __init__(self, model_path: Path) -> None:
        self._model_path = model_path

    def _open(self) -> NodeProcess:
        return NodeProcess("ort-node.mjs", [str(self._model_path)], self._model_path)


class OrtWebRuntime(SessionRuntime[Page]):
    """Runs an ONNX file in a page of Chromium."""

    name = "ort-web"
    backend = "wasm"
    described = ("onnxruntime_web", "browser", "isolated", "simd", "threads")

    def __init__(self, model_path: Path) -> None:
        self._model_path = model_path

    def _open(self) -> Page:
        folder, entry = self._model_path.parent, self._model_path.name
        return Page("ort-page.js", folder, {"entry": entry}, self._model_path)
