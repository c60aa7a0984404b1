"""The runtimes an artifact can run in, all with one face.

A runtime is a context manager that loads one artifact when it is entered and then maps photos,
uint8 [1, H, W, 3], to labels, an integer array [1, H, W]. Its heavy imports happen when it is
entered. The comparison does not know which runtime it talks to.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Inference:
    """Labels of one photo, int32 [1, H, W], and the milliseconds the runtime took for them."""

    labels: np.ndarray
    ms: float


class Runtime(Protocol):
    """What every runtime offers once it is entered."""

    name: str
    backend: str

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, uint8 [1, H, W, 3] RGB, to its labels."""
        ...

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        ...


class RuntimeContext(AbstractContextManager["Runtime"], Protocol):
    """A runtime before it is entered."""
