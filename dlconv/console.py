"""What people see while they wait: spinners and bars on a terminal, plain lines in a log.

All of it goes to standard error; standard output is the command's own.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINE_SECONDS = 5.0

PhotoProgress = Callable[[int, int], None]


def say(message: str) -> None:
    """Print a line to standard error."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def step(label: str) -> Iterator[None]:
    """Show that something is going on: a spinner on a terminal, a line elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        say(label)
        yield
        return
    with console.status(label):
        yield


@contextmanager
def photo_progress(label: str) -> Iterator[PhotoProgress]:
    """Yield what reports photos done and in total: a bar on a terminal, lines elsewhere."""
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(label)
        return
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(label: str) -> PhotoProgress:
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done in (0, total) or now - last >= LINE_SECONDS:
            last = now
            say(f"{label}: {done} of {total} photos")

    return report
