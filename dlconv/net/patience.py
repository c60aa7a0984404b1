"""How long to wait for a server, and how often to ask it again.

A failure for a reason that may pass, a lost connection or a server in trouble, is a
``PassingError``. The wait before another try is longer each time, with jitter, and as long as the
server asks for, within limits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dlconv.errors import DlconvError

if TYPE_CHECKING:
    import tenacity

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, how many times to try, and how slow a server may be.

    It has to send so many bytes a second, over so many seconds; ``most_seconds`` is for all tries.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    tries: int = 4
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 15.0
    least_bytes_per_second: float = 1000.0
    over_seconds: float = 60.0
    most_seconds: float = 86_400.0

    @property
    def timeouts(self) -> tuple[float, float]:
        """What requests takes as the timeouts of a connection."""
        return self.connect_seconds, self.read_seconds


WITH_DOWNLOADS = Patience()
# Services think for longer than servers of files before they answer.
WITH_SERVICES = Patience(read_seconds=60.0)


class PassingError(DlconvError):
    """A failure that another try may cure; ``tries`` is the number of tries that failed."""

    def __init__(self, message: str, hint: str = "", retry_after_seconds: float = 0.0) -> None:
        super().__init__(message, hint)
        self.retry_after_seconds = retry_after_seconds
        self.tries = 1


def patiently(attempt: Callable[[], T], patience: Patience) -> T:
    """Return what an attempt returns; repeat it, a few times, while it raises PassingError."""
    import tenacity

    trying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(patience.tries)
        | tenacity.stop_after_delay(patience.most_seconds),
        retry=tenacity.retry_if_exception_type(PassingError),
        wait=waiting(patience),
        reraise=True,
    )
    try:
        return trying(attempt)
    except PassingError as failure:
        failure.tries = trying.statistics["attempt_number"]
        raise


def waiting(patience: Patience) -> "tenacity.wait.wait_base":
    """Return how long to wait before each try."""
    import tenacity

    class Wait(tenacity.wait.wait_base):
        def __call__(self, retry_state: tenacity.RetryCallState) -> float:
            seconds = backoff(retry_state)
            failure = retry_state.outcome.exception() if retry_state.outcome else None
            asked = getattr(failure, "retry_after_seconds", 0.0)
            return max(seconds, asked) if asked <= patience.longest_wait_seconds else seconds

    first, longest = patience.first_wait_seconds, patience.longest_wait_seconds
    jitter = tenacity.wait_random(0, first)
    backoff = tenacity.wait_exponential(multiplier=first, max=longest) + jitter
    return Wait()
