"""The runtimes an artifact can run in, all with one face.

A runtime is a context manager that loads one artifact when it is entered and then maps photos,
uint8 [1, H, W, 3], to labels, an integer array [1, H, W]. Its heavy imports happen when it is
entered. The comparison does not know which runtime it talks to.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Inference:
    """Labels of one photo, int32 [1, H, W], and the milliseconds the runtime took for them."""

    labels: np.ndarray
    ms: float


class Runtime(Protocol):
    """What every runtime offers; ``infer`` and ``describe`` once it is entered."""

    @property
    def name(self) -> str:
        """The runtime, such as ``tfjs-node``."""
        ...

    @property
    def backend(self) -> str:
        """What computes in it, such as ``wasm``."""
        ...

    def __enter__(self) -> "Runtime": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, uint8 [1, H, W, 3] RGB, to its labels."""
        ...

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        ...
