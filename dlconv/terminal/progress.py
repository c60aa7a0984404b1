"""The progress of a download, as bytes: a bar on a terminal, plain lines in a log.

All of it goes to standard error; standard output is the command's own.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

from dlconv.progress import ByteProgress
from dlconv.terminal.printable import log_line, printable

LINE_SECONDS = 5.0
LINE_SHARE = 0.1


def show_progress(label: str, stream: TextIO | None = None) -> AbstractContextManager[ByteProgress]:
    """Return a context manager that yields a callback, which shows the progress of a download."""
    stream = sys.stderr if stream is None else stream
    return _bar(label, stream) if _is_smart_terminal(stream) else _lines(label, stream)


def _is_smart_terminal(stream: TextIO) -> bool:
    from rich.console import Console

    console = Console(file=stream)
    return console.is_terminal and not console.is_dumb_terminal


@contextmanager
def _bar(label: str, stream: TextIO) -> Iterator[ByteProgress]:
    from rich import progress as bars
    from rich.console import Console

    bar = bars.Progress(
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
        console=Console(file=stream),
    )
    tasks: list[bars.TaskID] = []

    def report(done: int, total: int | None, /) -> None:
        if tasks:
            bar.update(tasks[0], completed=done, total=total)
        else:
            tasks.append(bar.add_task(printable(label), completed=done, total=total))

    with bar:
        yield report


@contextmanager
def _lines(label: str, stream: TextIO) -> Iterator[ByteProgress]:
    lines = _Lines(label, stream, time.monotonic)
    yield lines
    lines.finish()


class _Lines:
    """A line at the start, one for every tenth or every five seconds, and one at the end."""

    def __init__(self, label: str, stream: TextIO, clock: Callable[[], float]) -> None:
        self._label, self._stream, self._clock = label, stream, clock
        self._done, self._total = -1, None  # type: int, int | None
        self._last_done, self._last_time = 0, 0.0

    def __call__(self, done: int, total: int | None, /) -> None:
        is_first, is_restart = self._done < 0, done < self._done
        self._done, self._total = done, total
        if is_first or is_restart or self._is_due():
            self._print(self._share())

    def finish(self) -> None:
        if self._done >= 0:
            self._print("done")

    def _is_due(self) -> bool:
        if self._done == self._total:
            return False
        if self._clock() - self._last_time >= LINE_SECONDS:
            return True
        step = (self._total or 0) * LINE_SHARE
        return bool(step) and self._done - self._last_done >= step

    def _share(self) -> str:
        return f"{self._done / self._total:.0%}" if self._total else ""

    def _print(self, remark: str) -> None:
        self._last_done, self._last_time = self._done, self._clock()
        total = f" of {megabytes(self._total)}" if self._total and remark != "done" else ""
        words = f"{self._label}: {megabytes(self._done)}{total} {remark}"
        print(log_line(words.rstrip()), file=self._stream, flush=True)


def megabytes(count: int) -> str:
    """Return a number of bytes as people write it: ``23.9 MB``."""
    if count < 1_000_000:
        return f"{count / 1_000:.1f} kB"
    return f"{count / 1_000_000:.1f} MB"
