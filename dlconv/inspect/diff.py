"""What differs between two networks of any formats: inputs, outputs, ops, weights, file sizes.

Every line of ``differences`` compares one count or one tensor; what is equal is left out.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dlconv.formats.network import CONSTANT_OPS, Network, total_elements
from dlconv.graph.contract import TensorSpec
from dlconv.inspect.compressed import Sizes
from dlconv.inspect.matching import Kind, Matching, match_weights


@dataclass(frozen=True)
class Difference:
    """One thing that differs, as text."""

    what: str
    """What differs: an input, an output, a figure, or the number of nodes of an op."""
    before: str
    """In the first network."""
    after: str
    """In the second."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two networks, what differs, which weights are the same, and the sizes of their files."""

    before: Network
    after: Network
    differences: tuple[Difference, ...]
    weights: Matching
    sizes: tuple[Sizes, Sizes]

    @property
    def is_same(self) -> bool:
        """Whether inputs, outputs, ops and the values of all weights are the same."""
        found = self.weights
        matched_exactly = len(found.of_kind(Kind.EQUAL)) == len(found.matches)
        others = (*found.only_before, *found.only_after, *found.unread)
        return not self.differences and matched_exactly and not others


def compare(before: Network, after: Network, sizes: tuple[Sizes, Sizes]) -> Comparison:
    """Compare two networks; ``sizes`` are the sizes of their files, in the same order."""
    found = tuple(differences(before, after))
    return Comparison(before, after, found, match_weights(before.weights, after.weights), sizes)


def differences(before: Network, after: Network) -> list[Difference]:
    """Compare formats, inputs, outputs and counts; an empty list means that all are equal."""
    pairs = [(what, _facts(before)[what], _facts(after)[what]) for what in _facts(before)]
    ops = sorted({*before.ops, *after.ops})
    pairs += [(op, str(before.ops.get(op, 0)), str(after.ops.get(op, 0))) for op in ops]
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _facts(network: Network) -> dict[str, str]:
    weights, contract = network.weights, network.contract
    besides_const = sum(n for op, n in network.ops.items() if op not in CONSTANT_OPS)
    crop = contract.crop if contract else None
    classes = contract.classes if contract else None
    stored = Counter(weight.stored_dtype for weight in weights).most_common()
    return {
        "format": network.format,
        "input": _ends(network.inputs),
        "output": _ends(network.outputs),
        "crop": "unknown" if crop is None else "{} x {}".format(*crop),
        "classes": "unknown" if classes is None else str(classes),
        "nodes": f"{network.nodes:,}",
        "nodes besides constants": f"{besides_const:,}",
        "weight tensors": f"{len(weights):,}",
        "weights": f"{total_elements(weights):,}",
        "weight bytes": f"{sum(weight.bytes for weight in weights):,}",
        "weights stored as": ", ".join(f"{count} {dtype}" for dtype, count in stored) or "none",
    }


def _ends(specs: Iterable[TensorSpec]) -> str:
    return ", ".join(map(_text, specs)) or "unknown"


def _text(spec: TensorSpec) -> str:
    shape = "unknown shape" if spec.shape is None else list(spec.shape)
    return f"{spec.node} {spec.dtype} {shape}".replace("None", "?")
