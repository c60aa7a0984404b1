"""The process that TensorFlow runs in, apart from the command: a graph can end it.

Importing TensorFlow takes seconds, so a process that has answered stays for the next graph, until
the command ends. One that a graph ended is gone, with an error that names the graph.
"""

import atexit
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes import Inference
from dlconv.runtimes.child import Child
from dlconv.runtimes.fed_graph import FedGraph
from dlconv.runtimes.python_child import PythonChild, answer_requests
from dlconv.runtimes.tensorflow import TensorflowRuntime

KINDS: dict[str, Any] = {"frozen": TensorflowRuntime, "fed": FedGraph}
# Processes without a graph, one at most.
_idle: list[PythonChild] = []


class TensorflowProcess:
    """A graph in TensorFlow's process, from when it is made until ``close``.

    ``kind`` is that of ``KINDS`` which runs it, ``arguments`` are its others; ``what`` names the
    graph in errors. Making one and ``ask`` raise DlconvError: that of the kind, or for a process
    that ended. ``description`` is what the kind describes.
    """

    def __init__(self, kind: str, path: Path, *arguments: object, what: Path | None = None) -> None:
        self._asked = _started(what or path)
        folder = "" if path.is_absolute() else str(Path.cwd())
        try:
            self.description: dict[str, str] = self._asked.ask(
                "open", folder, kind, path, arguments
            )
        except BaseException:
            self.close()
            raise
        self.process_ids = self._asked.process_ids

    def ask(self, method: str, *arguments: object) -> Any:
        """Return what a method of the kind gives."""
        return self._asked.ask("call", method, arguments)

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo to labels or scores."""
        answer: Inference = self.ask("infer", image)
        return answer

    def close(self) -> None:
        """Forget the graph; the process stays for the next one, unless another does."""
        if _idle or not self._is_shut():
            self._asked.close()
            return
        _idle.append(self._asked)

    def _is_shut(self) -> bool:
        """Tell whether the process has forgotten the graph, and so can take another."""
        if not self._asked.is_ready:
            return False
        try:
            self._asked.ask("shut")
        except DlconvError:
            return False
        return True


def _started(what: Path) -> PythonChild:
    while _idle:
        known = _idle.pop()
        if known.is_ready:
            known.runs(what)
            return known
        known.close()
    return PythonChild("TensorFlow", what, __name__, [], _why_it_ended)


@atexit.register
def end_idle() -> None:
    """End the process that waits for the next graph, if there is one."""
    while _idle:
        _idle.pop().close()


def _why_it_ended(child: Child) -> DlconvError:
    return child.death("the graph itself cannot run on such an image")


class _Host:
    """What the process is asked: to open a graph, to call its methods, and to close it."""

    def __enter__(self) -> "_Host":
        self._opened: AbstractContextManager[Any] | None = None
        return self

    def __exit__(self, *raised: object) -> None:
        self.shut()

    def describe(self) -> dict[str, str]:
        return {}

    def open(self, folder: str, kind: str, path: Path, arguments: tuple[Any, ...]) -> Any:
        if folder:
            os.chdir(folder)
        runtime = KINDS[kind](path, *arguments)
        self._opened = runtime.__enter__()
        return runtime.describe()

    def call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        return getattr(self._opened, method)(*arguments)

    def shut(self) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
        self._opened = None


if __name__ == "__main__":
    answer_requests(_Host())
