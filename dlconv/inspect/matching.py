"""Which weights of two networks are the same, whatever their names, their layout and precision.

Weights are compared without extents of 1, as they lie and as other formats lay out kernels: of a
convolution TensorFlow has [height, width, in, out], ONNX [out, in, height, width]. First come those
that are equal to the last bit. Of the rest, those of one shape are paired by how near their values
are, nearest first, and told apart by what happened to them:

- ``rounded``: values moved by no more than a step of how they are stored, root mean square;
- ``scaled``: so, but for a factor for each channel, as folding a batch norm into a kernel leaves;
- ``similar``: one explains most of the other, with factors or without, and no more can be said.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b

import numpy as np

from dlconv.inspect.network import WeightTensor

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
    """A tensor of each network that hold the same weights.

    ``difference`` is the largest between their values, after the factors if there are any;
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

    ``unread`` are tensors of either whose values no file told.
    """

    matches: tuple[Match, ...]
    only_before: tuple[WeightTensor, ...]
    only_after: tuple[WeightTensor, ...]
    unread: tuple[WeightTensor, ...]

    def of_kind(self, kind: Kind) -> list[Match]:
        """Return the matches of one kind."""
        return [match for match in self.matches if match.kind is kind]


def match_weights(before: Sequence[WeightTensor], after: Sequence[WeightTensor]) -> Matching:
    """Match the weights of two networks, each tensor with one at most."""
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
    """Yield the values as they lie, and as other formats would have them; no extents of 1."""
    values = np.asarray(weight.values, np.float32)
    yield values.squeeze()
    for permutation in PERMUTATIONS.get(values.ndim, ()):
        yield values.transpose(permutation).squeeze()


def _key(values: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return values.shape, blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()


def _equal(before: Sequence[WeightTensor], after: Sequence[WeightTensor]) -> list[Match]:
    waiting = defaultdict(list)
    for weight in after:
        waiting[_key(next(_layouts(weight)))].append(weight)
    found = []
    for weight in before:
        same = next((waiting[key] for key in map(_key, _layouts(weight)) if waiting.get(key)), [])
        if same:
            named = [each for each in same if each.name == weight.name]
            other = (named or same)[0]
            same.remove(other)
            found.append(Match(weight, other, Kind.EQUAL, 0.0, 1.0))
    return found


def _nearest(before: Sequence[WeightTensor], after: Sequence[WeightTensor]) -> list[Match]:
    """Pair tensors of one shape, the nearest first."""
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
    by_shape = defaultdict(list)
    for weight in filter(_is_comparable, after):
        values = next(_layouts(weight))
        by_shape[values.shape].append((weight, values))
    for weight in filter(_is_comparable, before):
        for values in _layouts(weight):
            for other, others in by_shape.get(values.shape, ()):
                promise = _promise(values, others) + SAME_NAME_BONUS * (weight.name == other.name)
                yield _Pair(weight, other, values, others, promise)


def _is_comparable(weight: WeightTensor) -> bool:
    return weight.elements >= LEAST_ELEMENTS and weight.range is not None


def _promise(values: np.ndarray, others: np.ndarray) -> float:
    """Return how alike the first channels are, as they are or but for factors."""
    promise = _likeness(_first(values, values.ndim - 1), _first(others, values.ndim - 1))
    for axis in _channel_axes(values):
        some, theirs = _first(values, axis), _first(others, axis)
        promise = max(promise, _likeness(_factors(some, theirs, axis) * some, theirs))
    return promise


def _first(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the first channels of tensors that have channels."""
    if values.ndim < 2:
        return values
    return values[:LOOKED_AT] if axis == 0 else values[..., :LOOKED_AT]


def _match(pair: _Pair) -> Match | None:
    """Say what became of a tensor, if the whole of it is still in the other one."""
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
