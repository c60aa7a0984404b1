"""Starting a step's process, and ending it.

It leads a process group of its own, so that a terminal's Ctrl-C reaches only the build, and the
build can end it together with the Node.js or the browser that it started.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from dlconv.logs import are_logs_shown
from dlconv.plan.child import VERBOSE
from dlconv.plan.tasks import ANSWER, TASK, Answer, Task
from dlconv.storage.disk import disk_trouble

# How long a process that is interrupted may take to clean up.
PATIENCE_SECONDS = 3.0


class StepProcess:
    """A process that does a task; ``log`` gets what it prints, and its log if logs are on."""

    def __init__(self, task: Task, log: Path, environment: Mapping[str, str]) -> None:
        self._log = log
        self._started = time.monotonic()
        options = [VERBOSE] if are_logs_shown() else []
        with disk_trouble(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as printed:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "dlconv.plan.child", *options],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=printed,
                    env={**os.environ, **environment},
                    start_new_session=True,
                )
        self._content = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._send(TASK.dump_json(task) + b"\n")

    def _read(self) -> None:
        """Read the answer while it is written, since it may be larger than a pipe's buffer."""
        assert self._process.stdout is not None
        self._content = self._process.stdout.read()

    def _send(self, line: bytes) -> None:
        """Write a line; if the process has died already, ``answer`` reports that."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    @property
    def seconds(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started

    @property
    def has_ended(self) -> bool:
        """Whether its answer is complete, or it died."""
        return self._process.poll() is not None

    def answer(self) -> Answer:
        """Return the answer of a process that has ended; one that died answers with an error."""
        self._close()
        try:
            return ANSWER.validate_json(self._content)
        except ValidationError:
            return Answer(error=f"{self._death()}; its output is in {self._log}")

    def _death(self) -> str:
        code = self._process.returncode
        if code == -signal.SIGKILL:
            return "its process was killed (it may have run out of memory)"
        return f"its process ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}"

    def end(self) -> None:
        """End it, if it still runs, with all that it started."""
        self._signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._close()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _close(self) -> None:
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
