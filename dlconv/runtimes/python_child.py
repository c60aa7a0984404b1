"""A runtime in a Python process of its own, both ends: what asks it, and the worker that answers.

The process is started afresh (not forked, and without the caller's main module), so that its memory
is the runtime's, and a runtime that ends its process ends no other. It says what it is when the
artifact is loaded, then answers requests, the name of a method and its arguments; objects cross its
pipes pickled. One that dies or takes too long is an error in the caller, which never waits forever.
"""

import dataclasses
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes import Inference
from dlconv.runtimes.child import Child, child

Failure = Callable[[Child], DlconvError]


class PythonChild:
    """A worker's process, from when it is made until ``close``.

    ``name`` and ``what`` it runs are for errors, ``module`` is run and calls ``answer_requests``,
    ``failure`` makes the error for its death. ``description`` is what it said when it had loaded.
    Making one and ``ask`` raise DlconvError: the worker's own, or that of a process that ended.
    """

    def __init__(
        self,
        name: str,
        what: Path,
        module: str,
        arguments: Sequence[str],
        failure: Failure = Child.failure,
    ) -> None:
        self._failure = failure
        self._is_waiting = True
        with ExitStack() as stack:
            command = [sys.executable, "-m", module, *arguments]
            self._child = stack.enter_context(child(name, what, command))
            with self._child.limited():
                self.description: dict[str, str] = self._receive()
            self._stack = stack.pop_all()

    @property
    def process_ids(self) -> Sequence[int]:
        """The process, a single one."""
        return [self._child.process.pid]

    @property
    def is_ready(self) -> bool:
        """Whether it runs and has answered all that it was asked."""
        return not self._is_waiting and self._child.process.poll() is None

    def runs(self, what: Path) -> None:
        """Name what it runs from now on, for errors."""
        self._child = dataclasses.replace(self._child, what=what)

    def ask(self, method: str, *arguments: object) -> Any:
        """Return what a method of the runtime gives."""
        self._is_waiting = True
        with self._child.limited():
            try:
                _send(self._child.stdin, (method, arguments))
            except BrokenPipeError as error:
                raise self._failure(self._child) from error
            return self._receive()

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo to labels or scores."""
        answer: Inference = self.ask("infer", image)
        return answer

    def close(self) -> None:
        """End the process."""
        self._stack.close()

    def _receive(self) -> Any:
        try:
            answer = pickle.load(self._child.stdout)
        except (EOFError, pickle.UnpicklingError) as error:
            raise self._failure(self._child) from error
        self._is_waiting = False
        if isinstance(answer, DlconvError):
            raise answer
        return answer


def answer_requests(runtime: AbstractContextManager[Any]) -> None:
    """Load a runtime and answer requests until there are no more; what a worker does.

    Other output goes to standard error. An interrupt is left to the caller, which gets it, too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _own_standard_output()
    try:
        with runtime as loaded:
            _send(answers, loaded.describe())
            while (request := _request()) is not None:
                _send(answers, _answer(loaded, *request))
    except DlconvError as error:
        _send(answers, _alone(error))


def _request() -> tuple[str, Sequence[Any]] | None:
    try:
        request: tuple[str, Sequence[Any]] = pickle.load(sys.stdin.buffer)
    except EOFError:
        return None
    return request


def _answer(runtime: Any, method: str, arguments: Sequence[Any]) -> Any:
    try:
        return getattr(runtime, method)(*arguments)
    except DlconvError as error:
        return _alone(error)


def _alone(error: DlconvError) -> DlconvError:
    """Return an error without its cause, which libraries let pickles contain, and TensorFlow's
    cannot be pickled.
    """
    return DlconvError(error.message, error.hint, code=error.code, **error.data)


def _own_standard_output() -> BinaryIO:
    """Return standard output for answers only; other output is sent to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _send(stream: Any, content: object) -> None:
    pickle.dump(content, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()
