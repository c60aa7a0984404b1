"""What differs between two graphs: ops by kind, weights, inputs and outputs.

Every line compares one count or one tensor; what is equal is left out.
"""

from dataclasses import dataclass

from dlconv.inspect.contract import Contract, TensorSpec
from dlconv.inspect.summary import Summary


@dataclass(frozen=True)
class Difference:
    """One thing that differs, as text on either side."""

    what: str
    before: str
    after: str


def differences(
    before: tuple[Contract, Summary], after: tuple[Contract, Summary]
) -> list[Difference]:
    """Compare contracts and summaries; an empty list says that nothing here differs."""
    (old, old_size), (new, new_size) = before, after
    pairs = [
        ("input", _text(old.input), _text(new.input)),
        ("output", _text(old.output), _text(new.output)),
        ("crop", _crop(old), _crop(new)),
        ("classes", str(old.classes), str(new.classes)),
        ("nodes", f"{old_size.nodes:,}", f"{new_size.nodes:,}"),
        ("nodes besides Const", _besides_const(old_size), _besides_const(new_size)),
        ("weight tensors", f"{old_size.weight_tensors:,}", f"{new_size.weight_tensors:,}"),
        ("weights", f"{old_size.weight_elements:,}", f"{new_size.weight_elements:,}"),
        ("weight bytes", f"{old_size.weight_bytes:,}", f"{new_size.weight_bytes:,}"),
    ]
    ops = sorted({*old_size.ops, *new_size.ops})
    pairs += [(op, str(old_size.ops.get(op, 0)), str(new_size.ops.get(op, 0))) for op in ops]
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _text(spec: TensorSpec) -> str:
    shape = "unknown shape" if spec.shape is None else list(spec.shape)
    return f"{spec.tensor} {spec.dtype} {shape}".replace("None", "?")


def _crop(contract: Contract) -> str:
    return "unknown" if contract.crop is None else "{} x {}".format(*contract.crop)


def _besides_const(summary: Summary) -> str:
    return f"{summary.nodes - summary.ops.get('Const', 0):,}"
