"""LiteRT in a process of its own: a ``.tflite`` file may be a stranger's, and end its process."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.child import Child
from dlconv.runtimes.litert import XNNPACK, LitertRuntime
from dlconv.runtimes.python_child import PythonChild, answer_requests
from dlconv.runtimes.session import SessionRuntime


class LitertChild(SessionRuntime[PythonChild]):
    """Runs a ``.tflite`` file as ``LitertRuntime`` does, in a process of its own.

    Entering and every method raise what that does, DlconvError when LiteRT ended its process, and
    RuntimeMissingError where LiteRT is not installed.
    """

    name = LitertRuntime.name
    described = ("ai_edge_litert", "threads", "XNNPACK")

    def __init__(
        self,
        path: Path,
        backend: str = XNNPACK,
        threads: int | None = None,
        keeps_all: bool = False,
    ) -> None:
        super().__init__(path, backend)
        self._threads = threads
        self._keeps_all = keeps_all

    def _open(self) -> PythonChild:
        if find_spec("ai_edge_litert") is None:
            raise RuntimeMissingError(
                ".tflite files run in ai-edge-litert, which is not installed",
                "pip install 'dlconv[litert]'",
            )
        threads, keeps_all = str(self._threads or ""), str(self._keeps_all or "")
        arguments = [str(self._path), self.backend, threads, keeps_all]
        return PythonChild("LiteRT", self._path, __name__, arguments, _why_it_ended)

    def delegated(self) -> dict[str, int]:
        """Return how many operators of each name XNNPACK runs."""
        return dict(self._session.ask("delegated"))

    def images(self) -> list[str]:
        """Return the computed tensors [1, H, W, channels], by their names."""
        return list(self._session.ask("images"))

    def activations(self, image: np.ndarray, names: Sequence[str]) -> list[np.ndarray]:
        """Return what tensors hold for a photo."""
        return list(self._session.ask("activations", image, list(names)))


def _why_it_ended(child: Child) -> DlconvError:
    return child.death("the file itself cannot run on such an image")


def _serve(path: str, backend: str, threads: str, keeps_all: str) -> None:
    count = int(threads) if threads else None
    answer_requests(LitertRuntime(Path(path), backend, count, bool(keeps_all)))


if __name__ == "__main__":
    _serve(*sys.argv[1:])
