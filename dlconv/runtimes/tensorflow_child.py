"""TensorFlow in a process of its own, since a graph can end the process that runs it.

A convolution given an image without a batch does, in oneDNN: no exception, the process aborts. The
graph may be a stranger's, so it never runs in the process of a command.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlconv.runtimes import Inference
from dlconv.runtimes.tensorflow import TensorflowRuntime
from dlconv.runtimes.tensorflow_process import TensorflowProcess


class TensorflowChild:
    """Runs a frozen graph (.pb) as ``TensorflowRuntime`` does, in a process of its own.

    Entering and every method raise what that does, and DlconvError when TensorFlow ended its
    process.
    """

    name = TensorflowRuntime.name
    backend = TensorflowRuntime.backend

    def __init__(self, graph_path: Path, threads: int | None = None) -> None:
        self._graph_path = graph_path
        self._threads = threads

    def __enter__(self) -> "TensorflowChild":
        self._asked = TensorflowProcess("frozen", self._graph_path, self._threads)
        return self

    def __exit__(self, *raised: object) -> None:
        self._asked.close()

    @property
    def process_ids(self) -> Sequence[int]:
        """The process that TensorFlow is in, once it is entered."""
        return self._asked.process_ids

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        answer: Inference = self._asked.ask("infer", image)
        return answer

    def scores(self, image: np.ndarray) -> np.ndarray | None:
        """Return the scores of the labels, [1, H, W, classes], as ``TensorflowRuntime`` does."""
        answer: np.ndarray | None = self._asked.ask("scores", image)
        return answer

    def images(self) -> list[str]:
        """Return the nodes that give float32 [1, H, W, channels], in the order of execution."""
        return list(self._asked.ask("images"))

    def activations(self, image: np.ndarray, nodes: Sequence[str]) -> list[np.ndarray]:
        """Return what nodes give for a photo."""
        return list(self._asked.ask("activations", image, list(nodes)))

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        return self._asked.description
