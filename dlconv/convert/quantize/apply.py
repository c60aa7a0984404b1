"""Quantizing a graph: rounding its layers on images, with the measurements for that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.quantize.calibrated import Rounded, calibrate
from dlconv.convert.quantize.grid import Grid
from dlconv.convert.quantize.images import Calibration, LoadImages, load_calibration
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.in_tensorflow import TensorFlowNetwork
from dlconv.convert.quantize.layers import Layer, find_layers
from dlconv.convert.quantize.measure import Yardstick
from dlconv.convert.quantize.network import Network
from dlconv.convert.quantize.search import (
    PHOTOS_FOR_SHARES,
    Found,
    Share,
    layer_shares,
    search,
    trial_grids,
)
from dlconv.errors import DlconvError, UsageError
from dlconv.floors import Floors
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.progress import StepProgress, no_progress, of_step

OpenNetwork = Callable[[Graph, Contract], Network]


@dataclass(frozen=True)
class WeightStorage:
    """How a target stores weights.

    ``grids`` gives the grids a layer may have, ``takes`` says which layers are rounded at all,
    ``stored_bias`` what a bias is read back as; ``most_codes`` is the most that one kernel may
    have.
    """

    grids: Callable[[Layer], Sequence[Grid]]
    takes: Callable[[Layer], bool]
    stored_bias: Callable[[np.ndarray], np.ndarray]
    most_codes: int


@dataclass(frozen=True)
class Learned:
    """Rounded layers and the measurements behind them.

    ``libraries`` are those that ran the graph; ``shares`` are measured for ``explain`` or a search,
    ``found`` is the result of a search.
    """

    calibration: Calibration
    libraries: tuple[str, ...]
    rounded: tuple[Rounded, ...]
    shares: tuple[Share, ...] = ()
    found: Found | None = None


def any_network(graph: Graph, contract: Contract) -> Network:
    """Return a graph in ONNX Runtime, or in TensorFlow if ONNX cannot hold it."""
    try:
        return OnnxNetwork(graph, contract)
    except DlconvError as refusal:
        warning = f"calibrated in TensorFlow, since {refusal.message}"
        return TensorFlowNetwork(graph, contract, (warning,))


def round_layers(
    graph: Graph,
    contract: Contract,
    target: WeightStorage,
    photos: LoadImages | None = None,
    floors: Floors | None = None,
    explain: bool = False,
    progress: StepProgress = no_progress,
    open_network: OpenNetwork = any_network,
) -> Learned:
    """Round the layers of a rewritten graph on images.

    ``photos`` loads those to calibrate on, None stands for generated ones. With ``floors``, the
    fewest bytes that meet them are searched for; ``explain`` asks for each layer's share in the
    loss, which a search measures in any case. ``open_network`` opens what runs the graph.

    Raises UsageError for a search without photos, DlconvError when there is nothing to quantize or
    nothing to calibrate on, or when no precision meets the floors.
    """
    layers = [layer for layer in find_layers(graph) if target.takes(layer)]
    refuse_empty(layers)
    if floors is not None and photos is None:
        raise UsageError(
            "auto needs photos to check its tries on",
            "give 16 or more to calibrate on",
            code="no-calibration-photos",
        )
    calibration = load_calibration(contract, photos)
    with open_network(graph, contract) as network:
        calibration = calibration.with_warnings(network.warnings)
        if floors is not None:
            return _searched(network, contract, floors, layers, calibration, target, progress)
        return _rounded(network, contract, explain, layers, calibration, target, progress)


def refuse_empty(found: Sequence[object]) -> None:
    """Raise DlconvError when there is nothing to quantize."""
    if not found:
        raise DlconvError(
            "there is nothing to quantize: the graph has no convolution with a constant kernel",
            "keep float32",
            code="nothing-to-quantize",
        )


def _rounded(
    network: Network,
    contract: Contract,
    explain: bool,
    layers: Sequence[Layer],
    calibration: Calibration,
    target: WeightStorage,
    progress: StepProgress,
) -> Learned:
    grids = {layer.name: target.grids(layer) for layer in layers}
    images = calibration.images
    rounding = of_step("rounding layers", progress)
    rounded = calibrate(network, layers, grids, images, target.stored_bias, progress=rounding)
    if not explain:
        return Learned(calibration, network.libraries, tuple(rounded))
    yardstick = Yardstick(network, contract, images[:PHOTOS_FOR_SHARES])
    measuring = of_step("measuring layers", progress)
    shares = layer_shares(network, yardstick, layers, grids, images, measuring)
    return Learned(calibration, network.libraries, tuple(rounded), tuple(shares))


def _searched(
    network: Network,
    contract: Contract,
    floors: Floors,
    layers: Sequence[Layer],
    calibration: Calibration,
    target: WeightStorage,
    progress: StepProgress,
) -> Learned:
    images = calibration.images
    if len(images) < 2:
        count = 2 * len(images[0])
        raise UsageError(
            f"auto needs at least {count} photos",
            "give 16 or more to calibrate on",
            code="no-calibration-photos",
        )
    yardstick = Yardstick(network, contract, images[1::2][:PHOTOS_FOR_SHARES])
    measuring = of_step("measuring layers", progress)
    shares = layer_shares(network, yardstick, layers, trial_grids(layers), images[::2], measuring)
    found = search(
        network,
        Yardstick(network, contract, images),
        shares,
        floors,
        images,
        target.stored_bias,
        target.most_codes,
        of_step("searching", progress),
    )
    return Learned(calibration, network.libraries, found.rounded, tuple(shares), found)
