"""What runtimes in Python have in common: they run in this process, and are timed here."""

import os
import time
from collections.abc import Sequence

import numpy as np

from dlconv.runtimes import Inference


class InProcessRuntime:
    """Runs an artifact in this process."""

    def _answer(self, image: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    @property
    def process_ids(self) -> Sequence[int]:
        """The process that this is."""
        return [os.getpid()]

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        started = time.perf_counter()
        answer = self._answer(image)
        return Inference(answer, (time.perf_counter() - started) * 1000)
