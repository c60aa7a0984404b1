"""The callbacks by which long work reports its progress; the caller decides what to show.

Work that takes one of these functions calls it at the start and after each step.
"""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Gets how much is done, and how much there is to do in total."""

StepProgress = Callable[[str, int, int], None]
"""Gets the name of a step, how much of it is done, and how much there is to do in total."""

ByteProgress = Callable[[int, int | None], None]
"""Gets the bytes done, and the bytes in total, None if unknown."""

Say = Callable[[str], None]
"""Gets one line of text."""


def no_progress(*_: object) -> None:
    """Do nothing."""


def of_step(step: str, progress: StepProgress) -> Progress:
    """Return a callback that reports to ``progress`` under the name of a step."""
    return lambda done, total: progress(step, done, total)
