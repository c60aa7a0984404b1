"""Tests in a browser: skipped where there is none, and what they wait for."""

import time
from collections.abc import Callable

import pytest
from support.waiting import MILLISECONDS

from dlconv.runtimes.chromium import find_chromium

needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium in this system")


def wait_until(page, holds: Callable[[], bool], milliseconds: int = MILLISECONDS) -> bool:
    """Ask again while a page goes on; return whether it came to hold within so long."""
    end = time.monotonic() + milliseconds / 1000
    while not (is_so := holds()) and time.monotonic() < end:
        page.wait_for_timeout(50)
    return is_so
