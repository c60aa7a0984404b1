"""What became of a step."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dlconv.plan.steps import Step


class Status(str, Enum):
    """What became of a step."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not run"
    WOULD_RUN = "would run"


@dataclass(frozen=True)
class Result:
    """A step and what became of it.

    ``seconds`` it took if it ran, ``bytes`` of what it made and its mean ``agreement``, if known;
    ``reason`` says why it failed, was not run or would run.
    """

    step: Step
    status: Status
    seconds: float | None = None
    bytes: int | None = None
    agreement: float | None = None
    reason: str = ""

    @property
    def is_there(self) -> bool:
        """Whether what the step makes is there."""
        return self.status in (Status.DONE, Status.SKIPPED)


def failures(results: Iterable[Result]) -> list[str]:
    """Return a line for each step that failed."""
    failed = [result for result in results if result.status is Status.FAILED]
    return [f"{result.step.title}: {result.reason}" for result in failed]
