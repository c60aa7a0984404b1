"""Quantizing with calibration: GPTQ rounding and bias correction.

Layers go in the order of execution. Each is rounded for the inputs that it gets in the network
quantized so far (``rounding``), and its bias then takes up the mean error of its outputs: b +=
E[W x] - E[Q x'], x the float network's inputs, x' the quantized one's (Nagel et al. 2019, arXiv
1906.04721, section 4.2, with both means measured). A kernel that its grid holds already, since it
was trained for 8 bits, stays as it is, with its bias.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.quantize.activations import GroupInput, Walk
from dlconv.convert.quantize.grid import Grid
from dlconv.convert.quantize.layers import Layer, grouped
from dlconv.convert.quantize.nearest import refuse_infinite
from dlconv.convert.quantize.network import Network
from dlconv.convert.quantize.rounding import Moments, moments_of, round_to_outputs
from dlconv.errors import DlconvError
from dlconv.progress import Progress, no_progress

# Samples of a layer's inputs that its second moments come from, over all photos: so many sums, or
# fewer if their inputs would be more numbers than this.
MOST_ROWS, MOST_NUMBERS = 16_384, 16_000_000
# How much the inputs of an average pooling count beside the few that come out of it.
UNPOOLED_SHARE = 0.05


@dataclass(frozen=True)
class Rounded:
    """A layer's kernel on its grid, and its corrected bias.

    ``codes`` are integers in float64, of the kernel's shape; ``bias`` is float32 [channels], None
    for a layer without one.
    """

    layer: Layer
    grid: Grid
    codes: np.ndarray
    bias: np.ndarray | None

    @property
    def kernel(self) -> np.ndarray:
        """The kernel that the codes stand for, float32."""
        return self.grid.values(self.codes).astype(np.float32)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The constants of the graph that it replaces, by name."""
        weights = {self.layer.kernel_name: self.kernel}
        if self.layer.bias_name is not None and self.bias is not None:
            weights[self.layer.bias_name] = self.bias
        return weights


def calibrate(
    network: Network,
    layers: Sequence[Layer],
    grids: Mapping[str, Sequence[Grid]],
    images: Sequence[np.ndarray],
    store_bias: Callable[[np.ndarray], np.ndarray] = lambda bias: bias,
    alone: bool = False,
    progress: Progress = no_progress,
) -> list[Rounded]:
    """Round all layers, each to the best of the grids that ``grids`` has for its name.

    ``images`` are what the network's input takes; ``store_bias`` returns what a bias will be read
    back as; ``alone`` rounds each layer as if it were the only one. ``progress`` gets the layers
    done and in total. The same images give the same codes.
    """
    groups = grouped(list(layers))
    walk = Walk(network, groups, images)
    done: list[Rounded] = []
    for number, group in enumerate(groups):
        progress(len(done), len(layers))
        seen = _Seen(group, len(images))
        for flow in walk.flows(number):
            seen.add(flow)
        for layer in group:
            rounded = _round(layer, grids[layer.name], seen, network, store_bias)
            if not alone:
                walk.replace(rounded.weights)
            done.append(rounded)
    progress(len(layers), len(layers))
    return done


class _Seen:
    """The statistics of a group's inputs: second moments, and means for each kernel tap."""

    def __init__(self, group: tuple[Layer, ...], photos: int) -> None:
        self._group = group
        self._photos = photos
        self._random = np.random.default_rng(0)
        self._means: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        self._moments: dict[str, Moments] = {}

    def add(self, flow: GroupInput) -> None:
        """Take in the inputs of one photo."""
        for layer in self._group:
            means = (tap_means(layer, flow.exact), tap_means(layer, flow.replaced))
            self._means.setdefault(layer.name, []).append(means)
            moments = self._sampled(layer, flow)
            known = self._moments.get(layer.name)
            self._moments[layer.name] = moments if known is None else known + moments

    def means(self, layer: Layer) -> tuple[np.ndarray, np.ndarray]:
        """Return E[x] and E[x'] at each tap of the kernel, float64 [height, width, in]."""
        exact, replaced = zip(*self._means[layer.name], strict=True)
        return np.mean(exact, axis=0), np.mean(replaced, axis=0)

    def moments(self, layer: Layer) -> Moments:
        """Return the second moments."""
        return self._moments[layer.name]

    def _sampled(self, layer: Layer, flow: GroupInput) -> Moments:
        """Return a photo's part of the moments; what was pooled counts a little before it was."""
        exact, replaced = list(_taps(layer, flow.exact)), list(_taps(layer, flow.replaced))
        height, width, channels = exact[0].shape
        chosen = self._chosen(height * width, len(exact) * channels)
        share = 1 / self._photos
        moments = moments_of(_rows(layer, replaced, chosen), _rows(layer, exact, chosen), share)
        is_pointwise = layer.kernel.shape[:2] == (1, 1) and not layer.is_depthwise
        if flow.pooled_from is None or not is_pointwise:
            return moments
        rows = flow.pooled_from.reshape(1, -1, channels)
        unpooled = rows[:, self._chosen(rows.shape[1], channels)]
        return moments + moments_of(unpooled, unpooled, UNPOOLED_SHARE * share)

    def _chosen(self, count: int, inputs: int) -> np.ndarray:
        wanted = max(1, min(MOST_ROWS, MOST_NUMBERS // inputs) // self._photos)
        if count <= wanted:
            return np.arange(count)
        return np.sort(self._random.choice(count, wanted, replace=False))


def _rows(layer: Layer, taps: Sequence[np.ndarray], chosen: np.ndarray) -> np.ndarray:
    """Return the inputs of some sums: [1, chosen, taps * in], depthwise [in, chosen, taps]."""
    row, column = np.divmod(chosen, taps[0].shape[1])
    rows = [tap[row, column] for tap in taps]
    if layer.is_depthwise:
        return np.stack(rows, axis=2).transpose(1, 0, 2)
    return np.concatenate(rows, axis=1)[None]


def tap_means(layer: Layer, values: np.ndarray) -> np.ndarray:
    """Return the mean over all outputs of what each tap of a kernel reads, [height, width, in]."""
    height, width = layer.kernel.shape[:2]
    means = [tap.mean(axis=(0, 1), dtype=np.float64) for tap in _taps(layer, values)]
    return np.reshape(means, (height, width, -1))


def _taps(layer: Layer, values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield for each tap of the kernel, row by row, what it reads for each output, [H, W, in].

    The images of a batch lie below each other.
    """
    height, width = layer.kernel.shape[:2]
    extents = []
    paddings = [(0, 0)]
    axes = zip((height, width), layer.strides, layer.rates, values.shape[1:3], strict=True)
    for size, stride, rate, given in axes:
        reach = rate * (size - 1) + 1
        out = -(-given // stride) if layer.padding == "SAME" else -(-(given - reach + 1) // stride)
        missing = max((out - 1) * stride + reach - given, 0) if layer.padding == "SAME" else 0
        extents.append((out - 1) * stride + 1)
        paddings.append((missing // 2, missing - missing // 2))
    padded = np.pad(values, [*paddings, (0, 0)]) if np.any(paddings) else values
    for row in range(0, height * layer.rates[0], layer.rates[0]):
        for column in range(0, width * layer.rates[1], layer.rates[1]):
            read = padded[
                :,
                row : row + extents[0] : layer.strides[0],
                column : column + extents[1] : layer.strides[1],
            ]
            yield read.reshape(-1, *read.shape[2:])


def _round(
    layer: Layer,
    grids: Sequence[Grid],
    seen: _Seen,
    network: Network,
    store_bias: Callable[[np.ndarray], np.ndarray],
) -> Rounded:
    moments = seen.moments(layer)
    if not np.isfinite(moments.cross).all():
        raise DlconvError(
            f"cannot quantize {layer.name}: not all values that flow into it are numbers",
            "leave it float32",
        )
    if len(grids) == 1 and grids[0].holds(layer.kernel):
        return Rounded(layer, grids[0], grids[0].codes(layer.kernel), None)
    codes, grid = round_to_outputs(layer.matrices, moments, grids)
    rounded = Rounded(layer, grid, layer.kernel_of(codes), None)
    if layer.bias_name is None:
        return rounded
    bias = network.graph.constant(network.graph.nodes[layer.bias_name])
    assert bias is not None
    refuse_infinite(layer.bias_name, bias)
    exact, replaced = seen.means(layer)
    error = _mean_output(layer, layer.kernel, exact) - _mean_output(layer, rounded.kernel, replaced)
    corrected = store_bias((bias + error).astype(np.float32))
    return Rounded(layer, grid, rounded.codes, corrected)


def _mean_output(layer: Layer, kernel: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return the mean output of each channel, float64, for the means at each tap."""
    if layer.is_depthwise:
        sums = np.einsum("hwim,hwi->im", kernel.astype(np.float64), means)
    else:
        sums = np.einsum("hwio,hwi->o", kernel.astype(np.float64), means)
    return np.asarray(sums).reshape(-1)
