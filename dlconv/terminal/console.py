"""What people see while they wait: spinners and bars on a terminal, plain lines in a log.

All of it goes to standard error; standard output is the command's own.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dlconv.progress import Progress, StepProgress
from dlconv.terminal.printable import log_line, printable

LINE_SECONDS = 5.0


def say(message: str) -> None:
    """Print a line to standard error."""
    command(log_line(message))


def command(lines: str) -> None:
    """Print commands for a CI system to standard error."""
    print(lines, file=sys.stderr, flush=True)


@contextmanager
def step(label: str) -> Iterator[None]:
    """Show that something is going on: a spinner on a terminal, a line elsewhere."""
    from rich.console import Console

    from dlconv.terminal.tables import as_text

    console = Console(stderr=True)
    if not console.is_terminal:
        say(label)
        yield
        return
    with console.status(as_text(label)):
        yield


@contextmanager
def photo_progress(label: str) -> Iterator[Progress]:
    """Yield a callback for photos done and in total: a bar on a terminal, lines elsewhere."""
    with _bar(label) as report:
        yield lambda done, total: report(label, done, total, "photos")


@contextmanager
def steps(label: str) -> Iterator[StepProgress]:
    """Show that something is going on, and yield a callback for the progress of its steps."""
    from rich.console import Console

    if not Console(stderr=True).is_terminal:
        say(label)
    with _bar(label) as report:
        yield lambda step, done, total: report(f"{label}: {step}", done, total, "")


@contextmanager
def _bar(label: str) -> Iterator[Callable[[str, int, int, str], None]]:
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(printable(label), total=None)
        yield lambda text, done, total, _: bar.update(
            task, description=printable(text), completed=done, total=total
        )


def _lines() -> Callable[[str, int, int, str], None]:
    last = 0.0

    def report(text: str, done: int, total: int, unit: str) -> None:
        nonlocal last
        now = time.monotonic()
        if done in (0, total) or now - last >= LINE_SECONDS:
            last = now
            say(f"{text}: {done} of {total} {unit}".rstrip())

    return report
