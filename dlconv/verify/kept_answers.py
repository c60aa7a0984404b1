"""What TensorFlow gives for inputs of a graph, kept on disk: several artifacts come of one graph.

Answers are kept by the graph's digest, the digest, shape and type of the input, and TensorFlow's
version. They are sealed: files that were changed are computed again. TensorFlow is started for the
first answer that is not there.
"""

import hashlib
import io
from importlib.metadata import version
from pathlib import Path

import numpy as np

from dlconv.cache import store
from dlconv.runtimes.tensorflow_child import TensorflowChild
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import digest_of
from dlconv.storage.sealed import read_sealed, write_sealed


class KeptAnswers:
    """Maps inputs of a frozen graph to its output; a context manager."""

    def __init__(self, graph_path: Path) -> None:
        self._graph_path = graph_path
        self._folder = store.cache_root() / "checks" / digest_of(graph_path)
        self._runtime: TensorflowChild | None = None

    def __enter__(self) -> "KeptAnswers":
        return self

    def __exit__(self, *raised: object) -> None:
        if self._runtime is not None:
            self._runtime.__exit__(*raised)

    def to(self, given: np.ndarray) -> np.ndarray:
        """Return the output for an input. Raises what ``TensorflowChild`` does."""
        path = self._folder / _key(given)
        kept = read_sealed(path)
        if kept is not None:
            known: np.ndarray = np.load(io.BytesIO(kept), allow_pickle=False)
            return known
        answer = self._start().infer(given).output
        buffer = io.BytesIO()
        np.save(buffer, answer)
        with disk_trouble(path):
            write_sealed(path, buffer.getvalue())
        return answer

    def _start(self) -> TensorflowChild:
        if self._runtime is None:
            self._runtime = TensorflowChild(self._graph_path).__enter__()
        return self._runtime


def _key(given: np.ndarray) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(given).tobytes()).hexdigest()
    shape = "x".join(map(str, given.shape))
    return f"{digest}-{shape}-{given.dtype}-tensorflow{version('tensorflow')}.npy"
