import time

import pytest

from dlconv.errors import DlconvError
from dlconv.net.patience import PassingError, Patience, patiently

BRIEF = Patience(tries=3, first_wait_seconds=0.01, longest_wait_seconds=0.3)


def failing(times, error):
    """An attempt that fails so many times."""
    left = [error] * times

    def attempt():
        if left:
            raise left.pop()
        return "done"

    return attempt


def test_what_passes_is_tried_again():
    assert patiently(failing(2, PassingError("busy")), BRIEF) == "done"
    with pytest.raises(PassingError, match="busy") as caught:
        patiently(failing(3, PassingError("busy")), BRIEF)
    assert caught.value.tries == 3


def test_what_does_not_pass_is_tried_once():
    attempt = failing(1, DlconvError("gone"))
    with pytest.raises(DlconvError, match="gone"):
        patiently(attempt, BRIEF)
    assert attempt() == "done"


@pytest.mark.parametrize(("asked", "least", "most"), [(0.2, 0.2, 5), (5, 0, 3)])
def test_it_waits_as_long_as_it_is_asked_to_unless_that_is_long(asked, least, most):
    begin = time.monotonic()
    patiently(failing(1, PassingError("busy", retry_after_seconds=asked)), BRIEF)
    assert least <= time.monotonic() - begin < most
