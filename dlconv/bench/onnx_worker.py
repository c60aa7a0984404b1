"""ONNX Runtime in a Python process of its own, and the worker that runs there.

The worker is started afresh (not forked, and without the caller's main module), so that its memory
is ONNX Runtime's and not that of the command around it. It says what it is when the model is
loaded, then answers each photo; objects cross its pipes pickled. A worker that dies or takes too
long is an error in the caller, which never waits forever.
"""

import contextlib
import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes import Inference
from dlconv.runtimes.child import child
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime


class OnnxruntimeChild:
    """Runs an ONNX file as ``OnnxruntimeRuntime`` does, in a process of its own."""

    name = OnnxruntimeRuntime.name
    backend = OnnxruntimeRuntime.backend

    def __init__(self, model_path: Path, threads: int) -> None:
        self._model_path = model_path
        self._threads = threads

    def __enter__(self) -> "OnnxruntimeChild":
        arguments = [str(self._model_path.resolve()), str(self._threads)]
        command = [sys.executable, "-m", __name__, *arguments]
        with ExitStack() as stack:
            started = child("ONNX Runtime's process", self._model_path, command)
            self._child = stack.enter_context(started)
            with self._child.limited():
                self._versions: dict[str, str] = self._receive()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    @property
    def process_ids(self) -> Sequence[int]:
        """The worker's process, once it is entered."""
        return [self._child.process.pid]

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, uint8 [1, H, W, 3] RGB, to its labels."""
        with self._child.limited():
            try:
                _send(self._child.stdin, image)
            except BrokenPipeError as error:
                raise self._child.failure() from error
            answer: Inference = self._receive()
            return answer

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        return self._versions

    def _receive(self) -> Any:
        try:
            answer = pickle.load(self._child.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            raise self._child.failure() from error
        if isinstance(answer, DlconvError):
            raise answer
        return answer


def _send(stream: Any, content: object) -> None:
    pickle.dump(content, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def _received(stream: BinaryIO) -> Iterator[np.ndarray]:
    with contextlib.suppress(EOFError):
        while True:
            yield pickle.load(stream)


def _own_standard_output() -> BinaryIO:
    """Return standard output for answers only; other output is sent to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _work(model_path: Path, threads: int) -> None:
    answers = _own_standard_output()
    try:
        with OnnxruntimeRuntime(model_path, threads) as runtime:
            _send(answers, runtime.describe())
            for image in _received(sys.stdin.buffer):
                _send(answers, runtime.infer(image))
    except DlconvError as error:
        _send(answers, error)


if __name__ == "__main__":
    _work(Path(sys.argv[1]), int(sys.argv[2]))
