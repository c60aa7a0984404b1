"""Pages that are served on loopback until Ctrl-C."""

import contextlib
import os
import signal
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_page(address: str) -> None:
    """Open a page in the person's browser, where there is a person: not in CI, nor on a server."""
    has_display = sys.platform != "linux" or any(map(os.environ.get, DISPLAYS))
    if has_display and not os.environ.get("CI"):
        webbrowser.open(address)


@contextmanager
def until_stopped() -> Iterator[None]:
    """Leave the block without an error at Ctrl-C, or when the process is asked to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        yield


def wait() -> None:
    """Wait for Ctrl-C.

    One that arrives just before a sleep takes effect after it, so each sleep is short.
    """
    while True:
        time.sleep(1)
