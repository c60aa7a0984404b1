"""The runtime ``tfjs-chromium``: a TF.js graph model in a page, with wasm, WebGL or WebGPU."""

from dlconv.runtimes.page import Page
from dlconv.runtimes.session import SessionRuntime


class TfjsChromiumRuntime(SessionRuntime[Page]):
    """Runs a directory with a TF.js graph model in a page of Chromium.

    The description has the threads of wasm, and for WebGL and WebGPU the renderer and the precision
    of textures: half-precision ones move labels.
    """

    name = "tfjs-chromium"
    described = ("tfjs", "browser", "isolated", "simd", "threads", "renderer", "precision")

    def _open(self) -> Page:
        return Page("tfjs-page.js", self._path, {"backend": self.backend}, self._path)
