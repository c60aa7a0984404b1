"""Which weights of two networks are the same, whatever their names, their layout and precision.

Weights are compared without dimensions of extent 1, in their own layout and in those of other
formats: kernels of convolutions are [height, width, in, out] in TensorFlow and [out, in, height,
width] in ONNX. Tensors that are equal bit by bit are matched first. Of the rest, tensors of the
same shape are paired by how close their values are, the closest first, and classified:

- ``rounded``: the root mean square difference is at most one step of how they are stored; -
  ``scaled``: the same after a factor for each channel, as when a batch norm is folded into a
  kernel;
- ``similar``: one explains most of the other's variance, with factors or without.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b

import numpy as np

from dlconv.formats.network import WeightTensor

# From TensorFlow's kernels to ONNX's, back, and of depthwise kernels both ways.
PERMUTATIONS = {2: ((1, 0),), 4: ((3, 2, 0, 1), (2, 3, 1, 0), (2, 3, 0, 1))}
LEAST_ELEMENTS = 8
LEAST_PER_CHANNEL = 4
LEAST_LIKENESS = 0.9
# So many channels decide which tensors are nearest.
LOOKED_AT = 32
SAME_NAME_BONUS = 0.01


class Kind(str, Enum):
    """How near the values of two tensors are."""

    EQUAL = "equal"
    ROUNDED = "rounded"
    SCALED = "scaled"
    SIMILAR = "similar"


@dataclass(frozen=True)
class Match:
    """Two tensors, one of each network, that hold the same weights.

    ``difference`` is the largest absolute difference of values, after the factors if there are any;
    ``likeness`` is the share of the variance of the second that the first explains, 1 at most.
    """

    before: WeightTensor
    after: WeightTensor
    kind: Kind
    difference: float
    likeness: float


@dataclass(frozen=True)
class Matching:
    """The weights of two networks that match, in the order of the first, and those that do not.

    ``unread`` are tensors of either network whose values could not be read.
    """

    matches: tuple[Match, ...]
    only_before: tuple[WeightTensor, ...]
    only_after: tuple[WeightTensor, ...]
    unread: tuple[WeightTensor, ...]

    def of_kind(self, kind: Kind) -> list[Match]:
        """Return the matches of one kind."""
        return [match for match in self.matches if match.kind is kind]


def match_weights(before: Sequence[WeightTensor], after: Sequence[WeightTensor]) -> Matching:
    """Match the weights of two networks, each tensor with at most one of the other."""
    old = [weight for weight in before if weight.values is not None]
    new = [weight for weight in after if weight.values is not None]
    found = _equal(old, new)
    matched = _members(found)
    rest = [weight for weight in old if weight not in matched]
    left = [weight for weight in new if weight not in matched]
    with np.errstate(over="ignore"):
        found += _nearest(rest, left)
    places = {weight: place for place, weight in enumerate(old)}
    matched = _members(found)
    return Matching(
        matches=tuple(sorted(found, key=lambda match: places[match.before])),
        only_before=tuple(weight for weight in old if weight not in matched),
        only_after=tuple(weight for weight in new if weight not in matched),
        unread=tuple(weight for weight in (*before, *after) if weight.values is None),
    )


def _members(matches: Sequence[Match]) -> set[WeightTensor]:
    return {weight for match in matches for weight in (match.before, match.after)}


def _layouts(weight: WeightTensor) -> Iterator[np.ndarray]:
    """Yield the values in their own layout and in those of other formats, without extents of 1."""
    values = np.asarray(weight.values, np.float32)
    laid_out = [values, *(values.transpose(each) for each in PERMUTATIONS.get(values.ndim, ()))]
    seen = set()
    for squeezed in (each.squeeze() for each in laid_out):
        if (squeezed.shape, squeezed.strides) not in seen:
            seen.add((squeezed.shape, squeezed.strides))
            yield squeezed


def _key(values: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return values.shape, blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()


def _equal(before: Sequence[WeightTensor], after: Sequence[WeightTensor]) -> list[Match]:
    waiting = defaultdict(list)
    for weight in after:
        waiting[_key(next(_layouts(weight)))].append(weight)
    names = {weight.name for weight in after}
    found = []
    for weight in sorted(before, key=lambda weight: weight.name not in names):
        same = next((waiting[key] for key in map(_key, _layouts(weight)) if waiting.get(key)), [])
        if same:
            named = [each for each in same if each.name == weight.name]
            other = (named or same)[0]
            same.remove(other)
            found.append(Match(weight, other, Kind.EQUAL, 0.0, 1.0))
    return found


def _nearest(before: Sequence[WeightTensor], after: Sequence[WeightTensor]) -> list[Match]:
    """Pair tensors of the same shape, the closest first."""
    pairs = sorted(_pairs(before, after), key=lambda pair: -pair.promise)
    taken: set[WeightTensor] = set()
    found = []
    for pair in pairs:
        if pair.promise < LEAST_LIKENESS or taken & {pair.before, pair.after}:
            continue
        match = _match(pair)
        if match is not None:
            taken |= {pair.before, pair.after}
            found.append(match)
    return found


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two tensors laid out alike, and how alike some of their channels are."""

    before: WeightTensor
    after: WeightTensor
    values: np.ndarray
    others: np.ndarray
    promise: float


def _pairs(before: Sequence[WeightTensor], after: Sequence[WeightTensor]) -> Iterator[_Pair]:
    """Yield the pairs of the same shape that may match."""
    old: dict[tuple[int, ...], list[tuple[WeightTensor, np.ndarray]]] = defaultdict(list)
    new: dict[tuple[int, ...], list[tuple[WeightTensor, np.ndarray]]] = defaultdict(list)
    for weight in filter(_is_comparable, before):
        for values in _layouts(weight):
            old[values.shape].append((weight, values))
    for weight in filter(_is_comparable, after):
        values = next(_layouts(weight))
        new[values.shape].append((weight, values))
    for shape in [shape for shape in old if shape in new]:
        promises = _promises([v for _, v in old[shape]], [v for _, v in new[shape]])
        for row, column in np.argwhere(promises >= LEAST_LIKENESS - SAME_NAME_BONUS):
            weight, values = old[shape][row]
            other, others = new[shape][column]
            bonus = SAME_NAME_BONUS if weight.name == other.name else 0.0
            yield _Pair(weight, other, values, others, float(promises[row, column]) + bonus)


def _is_comparable(weight: WeightTensor) -> bool:
    return weight.elements >= LEAST_ELEMENTS and weight.range is not None


def _promises(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> np.ndarray:
    """Return how alike the first channels of tensors of one shape are, [before, after].

    As they are or but for factors, whatever is more alike.
    """
    ndim = before[0].ndim
    promises = _all_likenesses(*(_some_channels(each, ndim - 1, False) for each in (before, after)))
    for axis in _channel_axes(before[0]):
        some = (_some_channels(each, axis, True) for each in (before, after))
        promises = np.maximum(promises, _all_likenesses(*some))
    return promises


def _some_channels(tensors: Sequence[np.ndarray], axis: int, apart: bool) -> np.ndarray:
    """Return the first channels along an axis, [channels or 1, tensors, elements]."""
    rows = [
        np.moveaxis(values, axis, 0)[:LOOKED_AT].reshape(min(values.shape[axis], LOOKED_AT), -1)
        if values.ndim > 1
        else values[None]
        for values in tensors
    ]
    stacked = np.stack([row if apart else row.reshape(1, -1) for row in rows], axis=1)
    return stacked.astype(np.float64)


def _all_likenesses(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the likeness of each tensor to each, [before, after]; see ``_some_channels``.

    Of tensors in channels, each has the factor that brings it nearest.
    """
    products = before @ after.transpose(0, 2, 1)
    squares, others = np.square(before).sum(axis=2), np.square(after).sum(axis=2)
    if len(before) == 1:
        left = squares[0][:, None] + others[0] - 2 * products[0]
    else:
        factors = np.divide(
            products,
            squares[:, :, None],
            out=np.zeros_like(products),
            where=squares[:, :, None] > 0,
        )
        left = others.sum(axis=0) - (factors * products).sum(axis=0)
    variance = np.var(after, axis=(0, 2)) * after.shape[0] * after.shape[2]
    unlike = np.full_like(left, np.inf)
    likenesses: np.ndarray = 1 - np.divide(left, variance, out=unlike, where=variance > 0)
    return likenesses


def _match(pair: _Pair) -> Match | None:
    """Return the match of a pair; None where no kind applies."""
    ways = [(Kind.ROUNDED, 1.0, pair.values)]
    for axis in _channel_axes(pair.values):
        factors = _factors(pair.values, pair.others, axis)
        ways.append((Kind.SCALED, float(np.abs(factors).max()), factors * pair.values))
    tried = []
    for kind, factor, values in ways:
        apart = np.abs(values - pair.others)
        match = Match(
            pair.before, pair.after, kind, float(apart.max()), _likeness(values, pair.others)
        )
        step = factor * pair.before.step + pair.after.step
        if match.likeness >= LEAST_LIKENESS and float(np.sqrt(np.mean(apart * apart))) <= step:
            return match
        tried.append(match)
    best = max(tried, key=lambda match: match.likeness)
    return replace(best, kind=Kind.SIMILAR) if best.likeness >= LEAST_LIKENESS else None


def _channel_axes(values: np.ndarray) -> list[int]:
    """Return the axes along which a factor for each channel means something."""
    return [
        axis
        for axis in dict.fromkeys((values.ndim - 1, 0))
        if values.ndim > 1 and values.size // values.shape[axis] >= LEAST_PER_CHANNEL
    ]


def _factors(values: np.ndarray, others: np.ndarray, axis: int) -> np.ndarray:
    """Return the factor for each channel that brings it nearest to the other's."""
    summed = tuple(each for each in range(values.ndim) if each != axis)
    squares = np.sum(values * values, axis=summed, keepdims=True)
    products = np.sum(values * others, axis=summed, keepdims=True)
    factors: np.ndarray = np.divide(
        products, squares, out=np.zeros_like(squares), where=squares > 0
    )
    return factors


def _likeness(values: np.ndarray, others: np.ndarray) -> float:
    """Return the share of the others' variance that the values explain, 1 at most."""
    left = float(np.sum(np.square(values - others), dtype=np.float64))
    variance = float(np.var(others, dtype=np.float64)) * others.size
    if variance == 0:
        return 1.0 if left == 0 else 0.0
    return 1 - left / variance
