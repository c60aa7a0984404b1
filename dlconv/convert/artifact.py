"""Making an artifact: a frozen graph and a recipe go in, files with a manifest come out.

This is the one place that knows all converters. Each takes the graph, its contract and what it
may choose, and writes files; the manifest is written here.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

import dlconv
from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import (
    MANIFEST_NAME,
    Artifact,
    Images,
    Manifest,
    Source,
    coarsest,
    read_artifact,
    write_manifest,
)
from dlconv.convert.checked import Check, Checked
from dlconv.convert.conformance.judge import ONNX_RUNTIME, refuse
from dlconv.convert.interface import Prepared, prepared
from dlconv.convert.place import FILE_SUFFIXES, manifest_of_file, new_file, new_folder
from dlconv.convert.quantize.apply import Learned, WeightStorage, any_network, round_layers
from dlconv.convert.quantize.explain import StoredTensor, tensor_entries
from dlconv.convert.quantize.images import LoadImages
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.litert_storage import litert_target, quantize_model
from dlconv.convert.quantize.litert_storage import store_halves as store_litert_halves
from dlconv.convert.quantize.onnx_storage import (
    OLDEST_OPSET_FOR_CODES,
    ONNX_TARGET,
    store_codes,
    store_halves,
    with_rounded,
)
from dlconv.convert.quantize.static import quantize_activations, static_target
from dlconv.convert.quantize.storage import Weights, store_layers, store_nearest, tfjs_target
from dlconv.convert.quantize.trained import find_trained
from dlconv.convert.stored import weight_type_of
from dlconv.convert.targets.litert.file import write_model as write_litert
from dlconv.convert.targets.litert.lower import lowered as lowered_for_litert
from dlconv.convert.targets.litert.metadata import with_metadata
from dlconv.convert.targets.litert.model import Model as LitertModel
from dlconv.convert.targets.litert.trained import with_trained_integers
from dlconv.convert.targets.litert.write import to_litert
from dlconv.convert.targets.onnx.conformance import wrong_in_onnx
from dlconv.convert.targets.onnx.model import Model, write_model
from dlconv.convert.targets.onnx.opset import check_opset
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.convert.targets.tensorflowjs import write_with_tensorflowjs
from dlconv.convert.targets.tf2onnx import OPSETS, convert_with_tf2onnx
from dlconv.convert.targets.tfjs.lower import lowered, right_backends
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.convert.targets.tfjs.write import write_graph_model
from dlconv.convert.targets.upgrade import write_upgraded
from dlconv.errors import UsageError
from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.layout_2018 import Layout2018
from dlconv.formats.tfjs_weights import stored_floats
from dlconv.graph.contract import Contract, find_contract, with_channels_first
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.progress import StepProgress, no_progress
from dlconv.recipe import DEFAULT_OPSET, Precision, Recipe
from dlconv.registry.classes import likely_dataset
from dlconv.registry.models import load_registry

# The libraries whose versions the bytes depend on, by converter.
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "dlconv": ("numpy", "protobuf", "tensorboard"),
    "tensorflowjs": ("tensorflow", "tensorflowjs"),
    "tf2onnx": ("tensorflow", "tf2onnx"),
}
# The precisions of the official converter; ``plain1`` is its only one of 8 bits.
OFFICIAL_PRECISIONS = frozenset(
    {
        Precision.FLOAT32,
        Precision.UINT8,
        Precision.PLAIN1,
        Precision.UINT16,
        Precision.FLOAT16,
    }
)


@dataclass(frozen=True)
class Made:
    """An artifact, the measurements of its quantization, if that used images, and of its check."""

    artifact: Artifact
    learned: Learned | None = None
    checked: Checked | None = None


@dataclass(frozen=True)
class Learning:
    """The images of quantization, what it measures, and its callback.

    ``photos`` loads the photos to calibrate on, None stands for generated images; ``explain`` asks
    for each tensor's share in the loss; ``progress`` gets the progress of each step.
    """

    photos: LoadImages | None = None
    explain: bool = False
    progress: StepProgress = no_progress


NOTHING_GIVEN = Learning()


@dataclass(frozen=True)
class _Written:
    """A graph as it was converted, its quantized constants by name, and the measurements.

    ``backends`` are those of TF.js that compute it rightly.
    """

    ready: Prepared
    stored: Mapping[str, StoredTensor]
    learned: Learned | None = None
    backends: tuple[str, ...] = ()


def make_artifact(
    frozen: FrozenGraph,
    recipe: Recipe,
    place: Path,
    learning: Learning = NOTHING_GIVEN,
    check: Check | None = None,
) -> Made:
    """Make an artifact at ``place``: a folder, or a file that ends in ``.onnx`` or ``.tflite``.

    A folder is replaced if it is an artifact; the manifest of a file lies beside it. What ``check``
    raises for leaves what is there. Raises UsageError for a folder that holds something else and
    for a recipe that the converter does not support, DlconvError when the graph cannot be converted
    or quantized, and what ``check`` does.
    """
    if recipe.converter == "tensorflowjs":
        _refuse_unofficial_precision(recipe)
    is_file = place.suffix == FILE_SUFFIXES.get(recipe.target)
    with new_file(place) if is_file else new_folder(place) as work:
        if recipe.target == "tfjs":
            written = _write_tfjs(frozen.path, recipe, work, learning)
        else:
            model = work / (place.name if is_file else f"model{FILE_SUFFIXES[recipe.target]}")
            written = _write_file(frozen, recipe, model, learning)
        write_manifest(_manifest(frozen, recipe, written), work, work / MANIFEST_NAME)
        checked = check(read_artifact(work), frozen, place) if check is not None else None
    artifact = read_artifact(manifest_of_file(place) if is_file else place)
    return Made(artifact, written.learned, checked)


def _write_file(frozen: FrozenGraph, recipe: Recipe, model: Path, learning: Learning) -> _Written:
    if recipe.target == "onnx":
        return _write_onnx(frozen.path, recipe, model, learning)
    return _write_litert(frozen, recipe, model, learning)


def _refuse_unofficial_precision(recipe: Recipe) -> None:
    if recipe.per_channel or recipe.precision not in OFFICIAL_PRECISIONS:
        raise UsageError(
            "the official converter quantizes to uint8, uint16 or float16 only, per tensor"
        )


def _manifest(frozen: FrozenGraph, recipe: Recipe, written: _Written) -> Manifest:
    learned = written.learned
    libraries = [*LIBRARIES[recipe.converter]]
    if recipe.target == "onnx":
        libraries.append("onnx")
    if recipe.target == "litert":
        libraries.extend(("flatbuffers", "tflite"))
    if recipe.precision is Precision.STATIC and recipe.target == "onnx":
        libraries.append("onnxruntime")
    if learned is not None:
        libraries.extend(learned.libraries)
    return Manifest(
        target=recipe.target,
        precision=recipe.precision,
        converter=recipe.converter,
        source=frozen.source,
        contract=written.ready.contract,
        classes=_classes(frozen, written.ready.contract),
        recipe=recipe,
        calibration=None if learned is None else Images(**learned.calibration.as_data()),
        same_function=written.ready.is_same_function,
        backends=written.backends,
        versions=_versions(*libraries),
        tensors=tensor_entries(written.stored, learned),
    )


def _classes(frozen: FrozenGraph, contract: Contract) -> tuple[str, ...]:
    """Return the names of the classes, of the dataset that has as many if none are known."""
    if frozen.classes:
        return frozen.classes
    likely = likely_dataset(contract.classes, load_registry().datasets)
    return likely.classes if likely else ()


def _write_tfjs(path: Path, recipe: Recipe, work: Path, learning: Learning) -> _Written:
    """Write a TF.js graph model into ``work``, ourselves or with the official converter."""
    if recipe.converter == "tensorflowjs":
        ready = prepared(path, recipe.interface, recipe.rewrite)
        weight_type = weight_type_of(recipe.precision)
        write_with_tensorflowjs(ready.graph, ready.contract, weight_type, work)
        return _Written(ready, {})
    ready, weights, learned = _weights(path, recipe, learning)
    write_graph_model(weights.graph, ready.contract, weights.stored, work, weights.at_load)
    return _Written(ready, weights.stored, learned, right_backends(weights.graph))


def _weights(
    path: Path, recipe: Recipe, learning: Learning
) -> tuple[Prepared, Weights, Learned | None]:
    """Return a graph as it is and as the TF.js writer takes it: fused, with stored weights."""
    lower = partial(lowered, backends=recipe.backends, fuses=recipe.rewrite)
    if recipe.precision is Precision.FLOAT32:
        ready = prepared(path, recipe.interface, recipe.rewrite, prepare_and_rewrite, lower)
        return ready, Weights(ready.graph, {}), None
    ready = prepared(path, recipe.interface, recipe.rewrite, prepare_and_rewrite)
    learned = None
    if recipe.precision.is_calibrated:
        learned = _round(ready, recipe, tfjs_target(recipe.per_channel), learning)
        weights = store_layers(ready.graph, learned.rounded)
    else:
        weights = store_nearest(ready.graph, recipe.precision)
    graph = lower(weights.graph, ready.contract)
    return ready, dataclasses.replace(weights, graph=graph), learned


def _round(ready: Prepared, recipe: Recipe, target: WeightStorage, learning: Learning) -> Learned:
    return round_layers(
        ready.graph,
        ready.contract,
        target,
        learning.photos,
        recipe.floors,
        learning.explain,
        learning.progress,
        OnnxNetwork if (recipe.target, recipe.converter) == ("onnx", "dlconv") else any_network,
    )


def _write_onnx(path: Path, recipe: Recipe, model_path: Path, learning: Learning) -> _Written:
    if recipe.precision.is_calibrated and recipe.converter == "tf2onnx":
        check_opset(recipe.opset or DEFAULT_OPSET, (OLDEST_OPSET_FOR_CODES, OPSETS[1]))
    ready = prepared(path, recipe.interface, recipe.rewrite)
    model, stored, learned = _onnx_model(ready, recipe, learning)
    write_model(model, model_path)
    if recipe.interface.layout == "nchw":
        ready = dataclasses.replace(ready, contract=with_channels_first(ready.contract))
    return _Written(ready, stored, learned)


def _to_onnx(graph: Graph, contract: Contract, recipe: Recipe) -> Model:
    opset = recipe.opset or DEFAULT_OPSET
    if recipe.converter == "tf2onnx":
        return convert_with_tf2onnx(graph, contract, opset)
    refuse(ONNX_RUNTIME, wrong_in_onnx(prune(graph, contract).graph))
    return to_onnx(graph, contract, opset, recipe.interface.layout)


def _onnx_model(
    ready: Prepared, recipe: Recipe, learning: Learning
) -> tuple[Model, Mapping[str, StoredTensor], Learned | None]:
    """Return a model, its quantized kernels by name, and the measurements."""
    graph, contract = ready.graph, ready.contract
    if not recipe.precision.is_calibrated:
        model = _to_onnx(graph, contract, recipe)
        if recipe.precision is Precision.FLOAT16:
            return *store_halves(model), None
        return model, {}, None
    is_static = recipe.precision is Precision.STATIC
    learned = _round(ready, recipe, static_target(graph) if is_static else ONNX_TARGET, learning)
    model = _to_onnx(with_rounded(graph, learned.rounded), contract, recipe)
    model, stored = store_codes(model, learned.rounded)
    if is_static:
        images = [_in_layout(image, recipe) for image in learned.calibration.images]
        model = quantize_activations(model, images, learning.progress)
    return model, stored, learned


def _write_litert(
    frozen: FrozenGraph, recipe: Recipe, model_path: Path, learning: Learning
) -> _Written:
    ready = prepared(
        frozen.path,
        recipe.interface,
        recipe.rewrite,
        prepare_and_rewrite,
        at_crop=recipe.rewrite and not recipe.interface.any_size,
    )
    model, stored, learned = _litert_model(frozen.path, ready, recipe, learning)
    contract = ready.contract
    write_litert(with_metadata(model, contract, _classes(frozen, contract)), model_path)
    if contract.output.dtype == "int64":
        output = dataclasses.replace(contract.output, dtype="int32")
        ready = dataclasses.replace(ready, contract=dataclasses.replace(contract, output=output))
    return _Written(ready, stored, learned)


def _litert_model(
    path: Path, ready: Prepared, recipe: Recipe, learning: Learning
) -> tuple[LitertModel, Mapping[str, StoredTensor], Learned | None]:
    """Return a model, its quantized kernels by name, and the measurements."""
    graph, contract = ready.graph, ready.contract
    if recipe.precision is not Precision.STATIC:
        model = to_litert(lowered_for_litert(graph, contract), contract)
        if recipe.precision is Precision.FLOAT16:
            return *store_litert_halves(model), None
        return model, {}, None
    trained = find_trained(Graph(read_graph(path)), graph)
    if trained is not None:
        kept = trained.activations
        model = to_litert(lowered_for_litert(graph, contract, kept), contract, kept)
        return with_trained_integers(model, trained.kernels), trained.kernels, None
    learned = _round(ready, recipe, litert_target(graph), learning)
    rounded = with_rounded(graph, learned.rounded)
    model = to_litert(lowered_for_litert(rounded, contract), contract)
    images = learned.calibration.images
    model, stored = quantize_model(
        model, rounded, contract, learned.rounded, images, any_network, learning.progress
    )
    return model, stored, learned


def _in_layout(image: np.ndarray, recipe: Recipe) -> np.ndarray:
    return image.transpose(0, 3, 1, 2) if recipe.interface.layout == "nchw" else image


def make_upgraded(old: Layout2018, source: Source, directory: Path) -> Artifact:
    """Write a graph model of 2018 as TF.js of today loads it, its shards unchanged.

    ``source`` is the frozen graph that it is to be compared with; a ``directory`` that is an
    artifact is replaced. Raises UsageError for one that holds something else, DlconvError for a
    graph without one input and one output, or with ops that TF.js does not have.
    """
    graph = Graph(old.graph_def)
    contract = find_contract(graph)
    with new_folder(directory) as work:
        write_upgraded(old, graph, contract, work)
        manifest = Manifest(
            target="tfjs",
            precision=coarsest(stored_floats(old.groups)),
            converter="dlconv",
            source=source,
            contract=contract,
            classes=(),
            upgraded=True,
            versions=_versions(*LIBRARIES["dlconv"]),
        )
        write_manifest(manifest, work, work / MANIFEST_NAME)
    return read_artifact(directory)


def _versions(*libraries: str) -> dict[str, str]:
    return {"dlconv": dlconv.__version__, **{name: version(name) for name in libraries}}
