"""The fewest bytes that meet floors: one step for each tensor, all from one number.

How much a tensor's rounding costs is measured with that tensor alone rounded: the divergence D at a
step S, which grows with S^2, so that c = D / S^2 is a constant of the tensor. For n weights in all
the bytes that go over the wire, which an entropy coder makes about n (h - log2 S) bits of, the
least sum of c S^2 has S = lambda sqrt(n / c) (the Lagrangian of rate and distortion; Shoham and
Gersho 1988). Lambda is then bisected. Each try rounds all tensors twice, on either half of the
photos, and counts labels of each photo with the network that was not calibrated on it.

With the steps chosen, the tensors are rounded once more on all photos. Twice as many photos lower
the loss on other photos by a fifth at the same bytes, which is the margin for unseen photos.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import brotli
import numpy as np

from dlconv.convert.quantize.calibrated import Rounded, calibrate
from dlconv.convert.quantize.grid import Grid, step_grid, tensor_grid
from dlconv.convert.quantize.layers import Layer
from dlconv.convert.quantize.measure import Distance, Yardstick
from dlconv.convert.quantize.network import Network
from dlconv.convert.stored import WeightType, store
from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.progress import Progress, no_progress

# Codes that the tries stay between: 2 bits and 16 bits for the range of a tensor.
FEWEST_CODES, MOST_CODES = 4, 65_536
# Photos on which single tensors are tried.
PHOTOS_FOR_SHARES = 4
# Bits at which they are tried: small layers count for more.
TRIED_BITS, TRIED_BITS_OF_SMALL = 6, 8
LEAST_DIVERGENCE = 1e-9
TRIES = 6
# The search starts from steps that a divergence of so many nats for each tensor would allow.
FIRST_DIVERGENCE = 4e-5
# How far apart the first two tries are, in the logarithm of lambda; the next are twice as far.
FIRST_STRIDE = np.log(1.5)


@dataclass(frozen=True)
class Share:
    """What rounding one layer alone costs, at a step: divergence (nats) and labels that change."""

    layer: Layer
    step: float
    divergence: float
    disagreement: float

    @property
    def curvature(self) -> float:
        """Divergence over the square of the step."""
        return max(self.divergence, LEAST_DIVERGENCE) / self.step**2


@dataclass(frozen=True)
class Try:
    """One point of the curve: lambda, bytes of the weights as brotli, and what they give.

    ``distance`` is that of photos from networks calibrated on others.
    """

    factor: float
    brotli_bytes: int
    distance: Distance
    meets_floors: bool


@dataclass(frozen=True)
class Found:
    """Layers rounded as in the smallest try that meets the floors, and all tries by their bytes."""

    rounded: tuple[Rounded, ...]
    best: Try
    curve: tuple[Try, ...]


StoreBias = Callable[[np.ndarray], np.ndarray]


def layer_shares(
    network: Network,
    yardstick: Yardstick,
    layers: Sequence[Layer],
    grids: Mapping[str, Sequence[Grid]],
    images: Sequence[np.ndarray],
    progress: Progress = no_progress,
) -> list[Share]:
    """Measure what rounding each layer alone, to its grid, costs on the yardstick's photos."""
    total = 2 * len(layers)
    alone = calibrate(
        network, layers, grids, images, alone=True, progress=lambda done, _: progress(done, total)
    )
    shares = []
    for rounded in alone:
        distance = yardstick.distance(rounded.weights)
        step = float(np.max(rounded.grid.scale))
        shares.append(
            Share(rounded.layer, step, max(distance.divergence, 0.0), 1 - distance.agreement)
        )
        progress(len(layers) + len(shares), total)
    return shares


def trial_grids(layers: Sequence[Layer]) -> dict[str, Sequence[Grid]]:
    """Return the grids at which layers are tried alone."""
    return {
        layer.name: [
            tensor_grid(layer.kernel, TRIED_BITS_OF_SMALL if layer.is_small else TRIED_BITS)
        ]
        for layer in layers
    }


def search(
    network: Network,
    yardstick: Yardstick,
    shares: Sequence[Share],
    floors: Floors,
    images: Sequence[np.ndarray],
    store_bias: StoreBias,
    most_codes: int = MOST_CODES,
    progress: Progress = no_progress,
) -> Found:
    """Bisect lambda for the smallest weights that meet the floors on photos not calibrated on.

    ``images`` are two or more, those of the yardstick. Raises DlconvError when not even the finest
    steps meet the floors.
    """
    tries: list[Try] = []

    def rounded_at(factor: float, photos: Sequence[np.ndarray]) -> list[Rounded]:
        grids = {share.layer.name: [_grid(share, factor, most_codes)] for share in shares}
        return calibrate(network, [share.layer for share in shares], grids, photos, store_bias)

    def attempt(factor: float) -> Try:
        progress(len(tries), TRIES + 1)
        halves = [rounded_at(factor, images[half::2]) for half in (0, 1)]
        weights = [
            {name: value for each in rounded for name, value in each.weights.items()}
            for rounded in halves
        ]
        distance = yardstick.distance_each([weights[1 - k % 2] for k in range(len(images))])
        size = max(wire_bytes(rounded) for rounded in halves)
        tries.append(Try(factor, size, distance, _meets(distance, floors)))
        return tries[-1]

    _bisect(attempt, _first_factor(shares))
    progress(TRIES, TRIES + 1)
    curve = tuple(sorted(tries, key=lambda each: each.brotli_bytes))
    best = _smallest(curve, yardstick)
    rounded = rounded_at(best.factor, images)
    progress(TRIES + 1, TRIES + 1)
    return Found(tuple(rounded), best, curve)


def _smallest(curve: Sequence[Try], yardstick: Yardstick) -> Try:
    """Return the first try of a curve that meets the floors."""
    good = [each for each in curve if each.meets_floors]
    if not good:
        best = max(curve, key=lambda each: each.distance.agreement).distance
        raise DlconvError(
            f"no precision meets the floors: the best try has agreement {best.agreement:.4f}, worst"
            f" {best.worst:.4f}, mIoU {best.miou:.4f} on {len(yardstick)} photos",
            "lower the floors, or calibrate on more photos",
        )
    return good[0]


def _bisect(attempt: Callable[[float], Try], first: float) -> None:
    """Try ``TRIES`` factors: outwards until one meets the floors and one does not, then between."""
    log = float(np.log(first))
    good: float | None = None
    bad: float | None = None
    stride = FIRST_STRIDE
    for _ in range(TRIES):
        if attempt(float(np.exp(log))).meets_floors:
            good = log if good is None else max(good, log)
        else:
            bad = log if bad is None else min(bad, log)
        if good is not None and bad is not None:
            log = (good + bad) / 2
            continue
        log += -stride if good is None else stride
        stride *= 2


def _first_factor(shares: Sequence[Share]) -> float:
    """Return the lambda at which the sum of divergences is what the search starts from."""
    weights = sum(share.layer.kernel.size for share in shares)
    return float(np.sqrt(FIRST_DIVERGENCE * len(shares) / weights))


def _grid(share: Share, factor: float, most_codes: int) -> Grid:
    kernel = share.layer.kernel
    step = factor * float(np.sqrt(kernel.size / share.curvature))
    extent = max(float(kernel.max()), 0.0) - min(float(kernel.min()), 0.0)
    if not extent:
        return tensor_grid(kernel, 8)
    # One code less: zero is a code, so both ends may be rounded outwards.
    return step_grid(kernel, min(max(step, extent / (most_codes - 2)), extent / FEWEST_CODES))


def _meets(distance: Distance, floors: Floors) -> bool:
    return (
        distance.agreement >= floors.agreement
        and (floors.worst is None or distance.worst >= floors.worst)
        and (floors.miou is None or distance.miou >= floors.miou)
    )


def wire_bytes(rounded: Sequence[Rounded]) -> int:
    """Return the bytes of kernels and biases, one after another, as brotli (quality 11)."""
    parts = []
    for each in rounded:
        dtype = np.uint8 if each.grid.last_code < 256 else np.uint16
        parts.append(each.codes.astype(dtype).tobytes())
        if each.bias is not None:
            parts.append(store(each.bias, WeightType.UINT16).codes.tobytes())
    return len(brotli.compress(b"".join(parts), quality=11))
