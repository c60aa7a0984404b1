"""How to load a release's artifacts, in a dozen lines of Python and of JavaScript.

Each snippet labels one photo as ``dlconv verify`` does: resized so that it fits the crop, and
padded with the mean pixel where the artifact takes one size only.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from dlconv.release.document import Release, Released
from dlconv.runtimes.framing import MEAN_PIXEL

# Characters that need no escape in a Python string, whatever the snippet is embedded in.
PLAIN = re.compile(r"[\w ./:@+,()=-]")
TFJS_PACKAGES = ("tfjs-core", "tfjs-converter", "tfjs-backend-wasm")


@dataclass(frozen=True)
class Snippet:
    """Code that runs in the folder of a release, and the command that installs what it needs."""

    title: str
    language: str
    install: str
    code: str


def snippets(release: Release) -> Iterator[Snippet]:
    """Yield snippets for the targets that a release has."""
    onnx, tfjs, litert = (_plainest(release, target) for target in ("onnx", "tfjs", "litert"))
    if onnx is not None:
        install = "pip install numpy onnxruntime pillow"
        code = _python(onnx, ["import numpy as np", "import onnxruntime"], _in_onnxruntime(onnx))
        yield Snippet("Python, ONNX Runtime", "python", install, code)
    if litert is not None:
        install = "pip install ai-edge-litert numpy pillow"
        imports = ["from ai_edge_litert.interpreter import Interpreter", "import numpy as np"]
        code = _python(litert, imports, _in_litert(litert))
        yield Snippet("Python, LiteRT", "python", install, code)
    if tfjs is not None:
        install = " ".join(["npm install", *(f"@tensorflow/{name}" for name in TFJS_PACKAGES)])
        yield Snippet("JavaScript, TensorFlow.js", "js", install, "\n".join(_tfjs(tfjs)))
    for_pages = tfjs or onnx or litert
    if for_pages is not None:
        title, install = "JavaScript, @dlconv/segment", "npm install @dlconv/segment"
        yield Snippet(title, "js", install, "\n".join(_segment(for_pages)))


def takes_one_size(artifact: Released) -> bool:
    """Return whether an artifact takes photos of one size only, others padded to it."""
    return _interface_of(artifact).is_fixed


@dataclass(frozen=True)
class _Interface:
    """What a caller has to know: the size that photos have to fit, and how they are handed over."""

    size: tuple[int, int] | None
    is_fixed: bool
    dtype: str
    gives_scores: bool

    @property
    def mean_pixel(self) -> float:
        return MEAN_PIXEL.get(self.dtype, 0)


def _interface_of(artifact: Released) -> _Interface:
    contract = artifact.manifest.contract
    shape = contract.input.shape or ()
    height, width = shape[1:3] if len(shape) == 4 else (None, None)
    is_fixed = height is not None and width is not None
    return _Interface(
        size=(height, width) if height is not None and width is not None else contract.crop,
        is_fixed=is_fixed,
        dtype=contract.input.dtype,
        gives_scores=contract.output.dtype.startswith("float"),
    )


def _plainest(release: Release, target: str) -> Released | None:
    """Return the artifact of a target whose interface is nearest to the frozen graph's."""

    def oddities(artifact: Released) -> tuple[bool, bool, bool]:
        interface = _interface_of(artifact)
        return not artifact.manifest.same_function, interface.is_fixed, interface.gives_scores

    found = [each for each in release.artifacts if each.manifest.target == target]
    return min(found, key=oddities, default=None)


def _python_text(text: str) -> str:
    return f'"{"".join(each if PLAIN.match(each) else _escape(each) for each in text)}"'


def _escape(character: str) -> str:
    return f"\\x{ord(character):02x}" if character.isascii() else ascii(character)[1:-1]


def _address(path: str) -> str:
    """Return the relative address of a path, as JavaScript writes it."""
    return json.dumps(quote(path))


def _python(artifact: Released, imports: Iterable[str], run: Iterable[str]) -> str:
    """Return Python with these ``imports``, which ``run``s ``pixels`` to ``labels``."""
    return "\n".join(_python_lines(_interface_of(artifact), imports, run))


def _python_lines(
    interface: _Interface, imports: Iterable[str], run: Iterable[str]
) -> Iterator[str]:
    yield from imports
    yield "from PIL import Image, ImageOps"
    yield ""
    yield 'photo = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")'
    if interface.size is not None:
        height, width = interface.size
        yield f"scale = min({width} / photo.width, {height} / photo.height)"
        size = "(int(photo.width * scale), int(photo.height * scale))"
        yield f"photo = photo.resize({size}, Image.Resampling.LANCZOS)"
    yield f"pixels = np.asarray(photo, {_python_text(interface.dtype)})[None]"
    if interface.is_fixed:
        yield f"below, right = {height} - photo.height, {width} - photo.width"
        yield "around = [(0, 0), (0, below), (0, right), (0, 0)]"
        yield f"pixels = np.pad(pixels, around, constant_values={interface.mean_pixel})"
    yield from run
    if interface.gives_scores:
        yield "labels = labels.argmax(axis=3)"
    if interface.is_fixed:
        yield "labels = labels[:, : photo.height, : photo.width]"
    yield "print(labels.shape, np.unique(labels))"


def _in_onnxruntime(artifact: Released) -> Iterator[str]:
    yield f"session = onnxruntime.InferenceSession({_python_text(artifact.entry)})"
    yield "(labels,) = session.run(None, {session.get_inputs()[0].name: pixels})"


def _in_litert(artifact: Released) -> Iterator[str]:
    yield f"interpreter = Interpreter({_python_text(artifact.entry)})"
    yield "interpreter.allocate_tensors()"
    yield 'interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)'
    yield "interpreter.invoke()"
    yield 'labels = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])'


def _tfjs(artifact: Released) -> Iterator[str]:
    interface = _interface_of(artifact)
    yield 'import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";'
    yield 'import { loadGraphModel } from "@tensorflow/tfjs-converter";'
    yield 'import * as tf from "@tensorflow/tfjs-core";'
    yield ""
    yield 'setWasmPaths("node_modules/@tensorflow/tfjs-backend-wasm/dist/");'
    yield 'await tf.setBackend("wasm");'
    yield f"const model = await loadGraphModel({_address(artifact.entry)});"
    yield 'const photo = document.querySelector("img");'
    size = ""
    if interface.size is not None:
        rows, columns = interface.size
        yield "const { naturalHeight: height, naturalWidth: width } = photo;"
        yield f"const scale = Math.min({rows} / height, {columns} / width);"
        yield "const size = { resizeHeight: height * scale, resizeWidth: width * scale };"
        size = ', { ...size, resizeQuality: "high" }'
    yield f"const bitmap = await createImageBitmap(photo{size});"
    yield "let pixels = tf.browser.fromPixels(bitmap);"
    if interface.dtype == "float32":
        yield 'pixels = tf.cast(pixels, "float32");'
    if interface.is_fixed:
        yield f"const below = {rows} - bitmap.height, right = {columns} - bitmap.width;"
        mean = interface.mean_pixel
        yield f"pixels = tf.pad(pixels, [[0, below], [0, right], [0, 0]], {mean});"
    yield "let labels = model.execute(tf.expandDims(pixels));"
    if interface.gives_scores:
        yield "labels = tf.argMax(labels, 3);"
    if interface.is_fixed:
        yield "labels = tf.slice(labels, [0, 0, 0], [1, bitmap.height, bitmap.width]);"
    yield "console.log(labels.shape, new Set(await labels.data()));"


def _segment(artifact: Released) -> Iterator[str]:
    yield 'import { loadSegmenter } from "@dlconv/segment";'
    yield ""
    yield f"const segmenter = await loadSegmenter({_address(f'{artifact.path}/')});"
    yield 'const photo = document.querySelector("img");'
    yield "const { labels, width, height } = await segmenter.segment(photo);"
    yield "const seen = [...new Set(labels)].map((label) => segmenter.classes[label]);"
    yield "console.log(width, height, seen);"
