"""The runtime ``tfjs-chromium``: a TF.js graph model in a page, with wasm, WebGL or WebGPU."""

from dlconv.runtimes.page import PageRuntime


class TfjsChromiumRuntime(PageRuntime):
    """Runs a directory with a TF.js graph model in a page of Chromium.

    The description has the threads of wasm, and for WebGL and WebGPU the renderer and the precision
    of textures: half-precision ones move labels.
    """

    name = "tfjs-chromium"
    script = "tfjs-page.js"
    described = ("tfjs", "browser", "isolated", "simd", "threads", "renderer", "precision")
