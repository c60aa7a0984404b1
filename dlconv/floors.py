"""The floors of an artifact: what it has to reach on photos to pass.

They are part of a report, whose schema they are, and what a search for precisions is to meet.
"""

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(use_attribute_docstrings=True, extra="forbid"))
class Floors:
    """The least that passes; null where none counts."""

    agreement: float
    """Mean over the photos of the share of equal labels."""
    worst: float | None
    """Agreement of the worst photo."""
    miou: float | None
    """mIoU, the pixels of all photos together."""
