"""The result of a step."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dlconv.plan.steps import Step


class Status(str, Enum):
    """How a step ended."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not run"
    WOULD_RUN = "would run"


@dataclass(frozen=True)
class Result:
    """A step and its result.

    ``seconds`` is the time it took if it ran, ``bytes`` the size of what it made, ``agreement`` the
    mean agreement, if known; ``reason`` says why it failed, was not run or would run.
    """

    step: Step
    status: Status
    seconds: float | None = None
    bytes: int | None = None
    agreement: float | None = None
    reason: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the files that the step makes are available."""
        return self.status in (Status.DONE, Status.SKIPPED)


def failures(results: Iterable[Result]) -> list[str]:
    """Return a line for each step that failed."""
    failed = [result for result in results if result.status is Status.FAILED]
    return [f"{result.step.title}: {result.reason}" for result in failed]
