"""What quantization did to each tensor: the entries of a manifest, and tables for people."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from dlconv.artifacts.manifest import TensorEntry
from dlconv.convert.quantize.apply import Learned
from dlconv.convert.quantize.search import Found
from dlconv.terminal.tables import Table


class StoredTensor(Protocol):
    """A constant as it is stored: codes, and the values that are read back."""

    @property
    def codes(self) -> np.ndarray:
        """The codes, in the type that they are stored in."""
        ...

    def values(self) -> np.ndarray:
        """Return the values, float32 of the codes' shape."""
        ...


def tensor_entries(
    stored: Mapping[str, StoredTensor], learned: Learned | None
) -> tuple[TensorEntry, ...]:
    """Return an entry for each stored constant, what costs most first, then the largest."""
    shares = learned.shares if learned is not None else ()
    costs = {share.layer.kernel_name: share for share in shares}
    entries = []
    for name, value in stored.items():
        share = costs.get(name)
        values = value.values()
        entries.append(
            TensorEntry(
                name=name,
                dtype=value.codes.dtype.name,
                shape=tuple(value.codes.shape),
                minimum=float(values.min()),
                maximum=float(values.max()),
                bytes=value.codes.nbytes,
                divergence=None if share is None else share.divergence,
                disagreement=None if share is None else share.disagreement,
            )
        )
    return tuple(sorted(entries, key=lambda entry: (-(entry.divergence or 0), -entry.bytes)))


def tensor_table(entries: tuple[TensorEntry, ...]) -> Table:
    """Return a table with a row for each tensor, in the order given."""
    table = Table(pad_edge=False)
    table.add_column("tensor", overflow="fold")
    for column in ("stored", "shape", "least", "greatest", "bytes", "divergence", "labels"):
        table.add_column(column, justify="right")
    for entry in entries:
        table.add_row(
            entry.name,
            entry.dtype,
            "x".join(map(str, entry.shape)),
            f"{entry.minimum:.4g}",
            f"{entry.maximum:.4g}",
            f"{entry.bytes:,}",
            "" if entry.divergence is None else f"{entry.divergence:.2e}",
            "" if entry.disagreement is None else f"{100 * entry.disagreement:.2f} %",
        )
    return table


def curve_table(found: Found) -> Table:
    """Return a table of a search's tries by their bytes, with the one that was chosen marked."""
    table = Table(pad_edge=False)
    for column in ("brotli", "agreement", "worst", "mIoU", "floors"):
        table.add_column(column, justify="right")
    for each in found.curve:
        distance = each.distance
        verdict = "met" if each.meets_floors else "missed"
        table.add_row(
            f"{each.brotli_bytes / 1e6:.3f} MB",
            f"{100 * distance.agreement:.2f} %",
            f"{100 * distance.worst:.2f} %",
            f"{distance.miou:.3f}",
            f"{verdict}, chosen" if each is found.best else verdict,
        )
    return table
