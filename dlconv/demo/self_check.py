"""What an artifact's labels have to be, so that the page can tell which backends are right.

The labels are those of TF.js's wasm backend in Node.js, of ONNX Runtime, or of LiteRT, which
``dlconv verify`` compares with the frozen graph's.
"""

import io
from dataclasses import dataclass

import numpy as np

from dlconv.artifacts.manifest import Artifact
from dlconv.runtimes.framing import framed
from dlconv.runtimes.litert_child import LitertChild
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime
from dlconv.verify.photos import Photo, load_photo

MOST_CLASSES = 256


@dataclass(frozen=True)
class SelfCheck:
    """A photo that fits an artifact's crop, PNG, and its labels, a byte for each pixel."""

    photo: bytes
    labels: bytes


def self_check(artifact: Artifact, photo: Photo) -> SelfCheck | None:
    """Label a photo; None for an artifact of more classes than a byte holds.

    Raises DlconvError when a file of the artifact was changed, it does not run, or its runtime is
    not installed.
    """
    contract = artifact.manifest.contract
    if (contract.classes or 0) > MOST_CLASSES:
        return None
    artifact.check_files()
    image = load_photo(photo, contract.crop)
    _, height, width, _ = image.shape
    with _runtime(artifact) as runtime:
        labels = runtime.infer(framed(image, contract.input)).labels[0, :height, :width]
    return SelfCheck(_png(image[0]), labels.astype(np.uint8).tobytes())


def _runtime(artifact: Artifact) -> TfjsNodeRuntime | OnnxruntimeRuntime | LitertChild:
    if artifact.manifest.target == "tfjs":
        return TfjsNodeRuntime(artifact.directory)
    is_onnx = artifact.manifest.target == "onnx"
    return OnnxruntimeRuntime(artifact.entry) if is_onnx else LitertChild(artifact.entry)


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
