"""The runtime ``litert-web``: LiteRT.js in Chromium."""

from dlconv.runtimes.page import PageRuntime


class LitertWebRuntime(PageRuntime):
    """Runs a ``.tflite`` file of fixed sizes in a page of Chromium, with wasm or WebGPU.

    With one thread it is LiteRT.js's build without any, which @dlconv/segment runs, too. What
    WebGPU has no kernels for runs with wasm there, too; ``on_gpu`` says whether that was so.
    LiteRT.js 2.5.3 keeps channels in groups of four on WebGPU, and its ARG_MAX takes the zeros that
    fill the last group for scores: a pixel all of whose scores are negative gets a label that no
    class has, unless the number of classes is a multiple of four.
    """

    name = "litert-web"
    script = "litert-page.js"
    described = ("litert", "browser", "isolated", "threads", "renderer", "precision", "on_gpu")
