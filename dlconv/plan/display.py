"""The progress of a build, as people see it.

On a terminal a line at the bottom names the running steps; in a log each step has a line when it
starts and one when it is over. GitHub and GitLab fold what a step printed into a group of its own.
All of it goes to standard error.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dlconv.plan.result import Result, Status
from dlconv.plan.run import Observer
from dlconv.plan.steps import Step
from dlconv.terminal.console import command, say
from dlconv.terminal.printable import log_line, printable
from dlconv.verify.reports.annotations import in_command


@contextmanager
def display(total: int, environment: Mapping[str, str] = os.environ) -> Iterator[Observer]:
    """Yield the display for this environment (terminal, log, CI), for ``total`` steps."""
    from rich.console import Console

    if environment.get("GITHUB_ACTIONS"):
        yield Lines(_github_group)
    elif environment.get("GITLAB_CI"):
        yield Lines(_gitlab_group)
    elif Console(stderr=True).is_terminal:
        with _bar(total) as bar:
            yield bar
    else:
        yield Lines()


class Lines:
    """Lines for a log; ``group`` formats a step that ran, from its result and output."""

    def __init__(self, group: Callable[[Result, list[str]], str] | None = None) -> None:
        self._group = group

    def waits(self, step: Step) -> None:
        """Say that another build is doing a step."""
        say(f"{step.title}: waiting for another build")

    def starts(self, step: Step, reason: str) -> None:
        """Say that a step starts."""
        say(f"{step.title}: {reason}")

    def ends(self, result: Result, log: Path) -> None:
        """Print the result of a step."""
        if self._group is None or result.seconds is None:
            say(_line(result))
        else:
            command(self._group(result, _printed(log)))


def _line(result: Result) -> str:
    words = f"{result.status.value}: {result.step.title}"
    if result.seconds is not None:
        words += f" ({result.seconds:.1f} s)"
    return f"{words}: {result.reason}" if result.reason else words


def _printed(log: Path) -> list[str]:
    try:
        printed = log.read_text(errors="replace").strip()
    except OSError:
        return []
    return list(map(log_line, printed.splitlines()))


def _github_group(result: Result, printed: list[str]) -> str:
    # GitHub ignores commands in the step's lines until this token, which they cannot contain.
    token = secrets.token_hex()
    log = [f"::stop-commands::{token}", *printed, f"::{token}::"]
    said = in_command(_line(result))
    error = [f"::error::{said}"] if result.status is Status.FAILED else []
    return "\n".join([f"::group::{said}", *log, "::endgroup::", *error])


def _gitlab_group(result: Result, printed: list[str]) -> str:
    name = "".join(each if each.isalnum() else "_" for each in result.step.name)
    end = int(time.time())
    start = end - int(result.seconds or 0)
    is_folded = "" if result.status is Status.FAILED else "[collapsed=true]"
    # Without carriage returns, no line of a step can be taken for the mark of a section.
    head = f"\033[0Ksection_start:{start}:{name}{is_folded}\r\033[0K{printable(_line(result))}"
    return "\n".join([head, *printed, f"\033[0Ksection_end:{end}:{name}\r\033[0K"])


@contextmanager
def _bar(total: int) -> Iterator[Observer]:
    from rich import progress as bars
    from rich.console import Console

    from dlconv.terminal.tables import as_text

    console = Console(stderr=True)
    columns = (
        bars.SpinnerColumn(),
        bars.MofNCompleteColumn(),
        bars.BarColumn(20),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.description}", markup=False),
    )

    class Bar:
        def __init__(self, bar: bars.Progress) -> None:
            self._bar = bar
            self._task = bar.add_task("", total=total)
            self._under_way: dict[str, str] = {}

        def waits(self, step: Step) -> None:
            self._say(step, f"{step.title} (in another build)")

        def starts(self, step: Step, reason: str) -> None:
            self._say(step, step.title)

        def ends(self, result: Result, log: Path) -> None:
            self._under_way.pop(result.step.name, None)
            if result.status is Status.FAILED:
                console.print(as_text(_line(result), "red"))
            self._bar.advance(self._task)
            self._show()

        def _say(self, step: Step, words: str) -> None:
            self._under_way[step.name] = words
            self._show()

        def _show(self) -> None:
            self._bar.update(self._task, description=printable(", ".join(self._under_way.values())))

    with bars.Progress(*columns, console=console, transient=True) as bar:
        yield Bar(bar)
