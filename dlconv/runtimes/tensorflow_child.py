"""TensorFlow in a process of its own, since a graph can end the process that runs it.

A convolution given an image without a batch does, in oneDNN: no exception, the process aborts. The
graph may be a stranger's, so it never runs in the process of a command.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlconv.runtimes.session import SessionRuntime
from dlconv.runtimes.tensorflow import TensorflowRuntime
from dlconv.runtimes.tensorflow_process import TensorflowProcess


class TensorflowChild(SessionRuntime[TensorflowProcess]):
    """Runs a frozen graph (.pb) as ``TensorflowRuntime`` does, in a process of its own.

    Entering and every method raise what that does, and DlconvError when TensorFlow ended its
    process.
    """

    name = TensorflowRuntime.name
    described = ("tensorflow",)

    def __init__(self, graph_path: Path, threads: int | None = None) -> None:
        super().__init__(graph_path, TensorflowRuntime.backend)
        self._threads = threads

    def _open(self) -> TensorflowProcess:
        return TensorflowProcess("frozen", self._path, self._threads)

    def scores(self, image: np.ndarray) -> np.ndarray | None:
        """Return the scores of the labels, [1, H, W, classes], as ``TensorflowRuntime`` does."""
        answer: np.ndarray | None = self._session.ask("scores", image)
        return answer

    def images(self) -> list[str]:
        """Return the nodes that give float32 [1, H, W, channels], in the order of execution."""
        return list(self._session.ask("images"))

    def activations(self, image: np.ndarray, nodes: Sequence[str]) -> list[np.ndarray]:
        """Return what nodes give for a photo."""
        return list(self._session.ask("activations", image, list(nodes)))
