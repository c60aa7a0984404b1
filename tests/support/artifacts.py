"""Artifacts for tests that only need one, and reading back what lies in them."""

import json
from pathlib import Path

import numpy as np

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact, write_manifest
from dlconv.convert.artifact import Learning, Made, make_artifact
from dlconv.convert.stored import Stored
from dlconv.recipe import Precision, Recipe, Target

# The uint8 artifact that takes no calibration.
PLAIN = Precision.PLAIN1


def made(
    target: Target,
    frozen: FrozenGraph,
    place: Path,
    precision: Precision = Precision.FLOAT32,
    photos=None,
    explain=False,
    **choices,
) -> Made:
    """An artifact at a place, and what quantizing it taught; the cache knows nothing of it."""
    recipe = Recipe(target, precision, **choices)
    return make_artifact(frozen, recipe, place, Learning(photos, explain))


def tfjs_artifact(frozen: FrozenGraph, directory: Path, *precision, **options) -> Artifact:
    """A TF.js artifact."""
    return made("tfjs", frozen, directory, *precision, **options).artifact


def onnx_artifact(frozen: FrozenGraph, place: Path, *precision, **options) -> Artifact:
    """An ONNX artifact in a folder, or a file that ends in .onnx."""
    return made("onnx", frozen, place, *precision, **options).artifact


def litert_artifact(frozen: FrozenGraph, place: Path, *precision, **options) -> Artifact:
    """A LiteRT artifact in a folder, or a file that ends in .tflite."""
    return made("litert", frozen, place, *precision, **options).artifact


def write_manifest_again(artifact: Artifact) -> None:
    """Store the manifest as it is said to be, with the digests of the files as they are now."""
    artifact.manifest_path.unlink()
    write_manifest(artifact.manifest, artifact.directory, artifact.manifest_path)


def model_of(directory: Path) -> dict:
    return json.loads((directory / "model.json").read_text())


def nodes_of(directory: Path) -> dict[str, dict]:
    """The nodes of a graph model, by name."""
    return {node["name"]: node for node in model_of(directory)["modelTopology"]["node"]}


def entries_of(directory: Path) -> dict[str, dict]:
    """What the weights manifest says of each constant, by name."""
    (group,) = model_of(directory)["weightsManifest"]
    return {entry["name"]: entry for entry in group["weights"]}


def weights_of(directory: Path) -> dict[str, Stored]:
    """Codes, minimum and scale of each constant, read from the shards one after another."""
    (group,) = model_of(directory)["weightsManifest"]
    content = b"".join((directory / path).read_bytes() for path in group["paths"])
    weights, offset = {}, 0
    for name, entry in entries_of(directory).items():
        quantization = entry.get("quantization", {})
        dtype = np.dtype(quantization.get("dtype", entry["dtype"])).newbyteorder("<")
        count = int(np.prod(entry["shape"], dtype=int))
        codes = np.frombuffer(content, dtype, count, offset).reshape(entry["shape"])
        weights[name] = Stored(codes, quantization.get("min"), quantization.get("scale"))
        offset += codes.nbytes
    assert offset == len(content)
    return weights
