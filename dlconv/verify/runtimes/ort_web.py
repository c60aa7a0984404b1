"""The runtimes ``ort-web``, ONNX Runtime Web in Chromium, and ``ort-web-node``, in Node.js."""

from pathlib import Path
from types import TracebackType

import numpy as np

from dlconv.verify.runtimes import Inference
from dlconv.verify.runtimes.chromium import Page
from dlconv.verify.runtimes.node_process import NodeProcess


class OrtWebNodeRuntime:
    """Runs an ONNX file in a Node.js process of its own, on one thread."""

    name = "ort-web-node"
    backend = "wasm"

    def __init__(self, model_path: Path) -> None:
        self._model_path = model_path

    def __enter__(self) -> "OrtWebNodeRuntime":
        self._process = NodeProcess("ort-node.mjs", [str(self._model_path)], self._model_path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.stop()

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        inference, _ = self._process.infer(image)
        return inference

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        keys = ("onnxruntime_web", "node", "simd", "threads")
        return {key: str(self._process.description[key]) for key in keys}


class OrtWebRuntime:
    """Runs an ONNX file in a page of Chromium."""

    name = "ort-web"
    backend = "wasm"

    def __init__(self, model_path: Path) -> None:
        self._model_path = model_path

    def __enter__(self) -> "OrtWebRuntime":
        folder, entry = self._model_path.parent, self._model_path.name
        self._page = Page("ort-page.js", folder, {"entry": entry}, self._model_path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._page.close()

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        return self._page.infer(image)

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        keys = ("onnxruntime_web", "browser", "isolated", "simd", "threads")
        return {key: str(self._page.description[key]) for key in keys}
