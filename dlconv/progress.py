"""How those who wait are told what goes on; what they see of it is decided by who shows it.

Long work takes one of these functions, and calls it when it starts and whenever it gets further.
"""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is told how much is done, and how much there is to do."""

StepProgress = Callable[[str, int, int], None]
"""Is told the name of a step, how much of it is done, and how much there is to do."""

ByteProgress = Callable[[int, int | None], None]
"""Is told the bytes done, and the bytes in total: None where nobody knows."""

Say = Callable[[str], None]
"""Is told something in a line."""


def no_progress(*_: object) -> None:
    """Tell nobody."""


def of_step(step: str, progress: StepProgress) -> Progress:
    """Return what tells ``progress`` how far a step is."""
    return lambda done, total: progress(step, done, total)
