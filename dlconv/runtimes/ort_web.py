"""The runtimes ``ort-web``, ONNX Runtime Web in Chromium, and ``ort-web-node``, in Node.js."""

from dlconv.runtimes.node_process import NodeProcess
from dlconv.runtimes.page import PageRuntime
from dlconv.runtimes.session import SessionRuntime


class OrtWebNodeRuntime(SessionRuntime[NodeProcess]):
    """Runs an ONNX file in a Node.js process of its own, on one thread."""

    name = "ort-web-node"
    described = ("onnxruntime_web", "node", "simd", "threads")

    def _open(self) -> NodeProcess:
        return NodeProcess("ort-node.mjs", [str(self._path)], self._path)


class OrtWebRuntime(PageRuntime):
    """Runs an ONNX file in a page of Chromium, with wasm or WebGPU.

    What WebGPU has no kernels for runs with wasm there, too.
    """

    name = "ort-web"
    script = "ort-page.js"
    described = ("onnxruntime_web", "browser", "isolated", "simd", "threads", "renderer")
