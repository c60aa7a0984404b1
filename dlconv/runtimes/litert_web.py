"""The runtime ``litert-web``: LiteRT.js in Chromium."""

from dlconv.runtimes.page import Page
from dlconv.runtimes.session import SessionRuntime


class LitertWebRuntime(SessionRuntime[Page]):
    """Runs a ``.tflite`` file of fixed sizes in a page of Chromium, with wasm or WebGPU.

    What WebGPU has no kernels for runs with wasm there, too; ``on_gpu`` says whether that was so.
    LiteRT.js 2.5.3 keeps channels in groups of four on WebGPU, and its ARG_MAX takes the zeros that
    fill the last group for scores: a pixel all of whose scores are negative gets a label that no
    class has, unless the number of classes is a multiple of four.
    """

    name = "litert-web"
    described = ("litert", "browser", "isolated", "threads", "renderer", "precision", "on_gpu")

    def _open(self) -> Page:
        options = {"entry": self._path.name, "backend": self.backend}
        return Page("litert-page.js", self._path.parent, options, self._path)
