"""The runtimes an artifact can run in, all with the same interface.

A runtime is a context manager that loads one artifact when it is entered and then maps photos,
uint8 or float32 [1, H, W, 3] from 0 to 255, to labels, integers [1, H, W], or to the scores of each
class. Its heavy imports happen when it is entered. The comparison does not depend on the runtime.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dlconv.errors import DlconvError


class RuntimeMissingError(DlconvError):
    """The machine lacks what a runtime needs; the hint says what to install."""


@dataclass(frozen=True)
class Inference:
    """What a runtime gave for one photo, and the milliseconds it took.

    ``output`` is labels, integers [1, H, W], or scores of each class, float32 [1, H, W, K].
    """

    output: np.ndarray
    ms: float

    @property
    def labels(self) -> np.ndarray:
        """The labels, int32 [1, H, W]; of scores, the class with the highest."""
        is_labels = self.output.ndim < 4
        labels: np.ndarray = self.output if is_labels else self.output.argmax(axis=3)
        return labels.astype(np.int32)

    @property
    def scores(self) -> np.ndarray | None:
        """The scores, float32 [1, H, W, K]; None where labels were given."""
        return None if self.output.ndim < 4 else self.output


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

    @property
    def process_ids(self) -> Sequence[int]:
        """The processes it consists of, once it is entered."""
        ...

    def __enter__(self) -> "Runtime": ...

    def __exit__(self, *raised: object) -> None: ...

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        ...

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        ...
