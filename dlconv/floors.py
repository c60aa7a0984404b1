"""The floors of an artifact: the lowest scores on photos with which it passes.

Reports contain them, and a search for precisions has to meet them.
"""

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(use_attribute_docstrings=True, extra="forbid"))
class Floors:
    """The lowest scores that pass, 0 to 1; null where there is no floor."""

    agreement: float
    """Mean over the photos of the share of equal labels."""
    worst: float | None
    """Agreement of the worst photo."""
    miou: float | None
    """mIoU, the pixels of all photos together."""
