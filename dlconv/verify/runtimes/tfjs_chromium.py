"""The runtime ``tfjs-chromium``: a TF.js graph model in a page, with wasm, WebGL or WebGPU."""

from pathlib import Path
from types import TracebackType

import numpy as np

from dlconv.verify.runtimes import Inference
from dlconv.verify.runtimes.chromium import Page


class TfjsChromiumRuntime:
    """Runs a directory with a TF.js graph model in a page of Chromium.

    The description has the threads of wasm, and for WebGL and WebGPU the renderer and the precision
    of textures: half-precision ones move labels.
    """

    name = "tfjs-chromium"

    def __init__(self, directory: Path, backend: str = "wasm") -> None:
        self._directory = directory
        self.backend = backend

    def __enter__(self) -> "TfjsChromiumRuntime":
        options = {"backend": self.backend}
        self._page = Page("tfjs-page.js", self._directory, options, self._directory)
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
        keys = ("tfjs", "browser", "isolated", "simd", "threads", "renderer", "precision")
        said = self._page.description
        return {key: str(said[key]) for key in keys if key in said}
