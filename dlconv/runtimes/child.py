"""A child process that answers through its pipes, and the error for when it dies.

One that takes too long for an answer is killed. Its standard error goes to a file, so that it
cannot block; the last line there explains why it died. The caller decides what goes through the
pipes.
"""

import contextlib
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dlconv.errors import DlconvError
from dlconv.runtimes import answers


@dataclass(frozen=True)
class Child:
    """A running process; ``name`` and ``what`` it runs are for errors."""

    name: str
    what: Path
    process: "subprocess.Popen[bytes]"
    messages: IO[bytes]
    is_late: threading.Event = field(default_factory=threading.Event)

    @property
    def stdin(self) -> IO[bytes]:
        """What the process reads."""
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """What the process answers."""
        assert self.process.stdout is not None
        return self.process.stdout

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Kill the process if the request and answer in the block take too long."""
        timer = threading.Timer(answers.ANSWER_SECONDS, self._end_late)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self.is_late.set()
        self.process.kill()

    def failure(self) -> DlconvError:
        """Wait for the end of a process that no longer answers, and return the error for it."""
        code = self.process.wait()
        if self.is_late.is_set():
            return answers.no_answer(self.name, self.what)
        self.messages.seek(0)
        lines = self.messages.read().decode(errors="replace").strip().splitlines()
        return DlconvError(
            f"{self.name} stopped (exit code {code}) while it ran {self.what}",
            lines[-1] if lines else "",
        )

    def death(self, reason: str) -> DlconvError:
        """Return the error for its end as ``failure`` does; by a signal, ``reason`` is the hint.

        One that was killed had too little memory, more likely.
        """
        failure = self.failure()
        code = self.process.returncode
        if code >= 0 or self.is_late.is_set():
            return failure
        name = signal.Signals(-code).name
        is_killed = -code == signal.SIGKILL
        return DlconvError(
            f"{self.name} ended ({name}) while it ran {self.what}",
            "it was killed: there may be too little memory" if is_killed else reason,
            code=f"{self.name.lower()}-ended",
            signal=name,
        )


@contextmanager
def child(name: str, what: Path, command: Sequence[str]) -> Iterator[Child]:
    """Start a process, and kill it in the end."""
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=messages
        )
        started = Child(name, what, process, messages)
        try:
            yield started
        finally:
            process.kill()
            process.wait()
            started.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                started.stdin.close()
