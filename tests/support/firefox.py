"""Firefox, headless, driven through Marionette: Mozilla's own protocol and client.

Playwright drives only a Firefox of its own build, or one newer than Debian's.
"""

import importlib.util
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")

needs_firefox = pytest.mark.skipif(
    FIREFOX is None or importlib.util.find_spec("marionette_driver") is None,
    reason="no Firefox in this system, or no marionette_driver to drive it",
)


@contextmanager
def open_firefox() -> Iterator:
    """Start Firefox with a profile of its own; yield its client, and end it.

    Files can be given to inputs that are hidden, as by Playwright.
    """
    from marionette_driver.marionette import Marionette

    client = Marionette(bin=FIREFOX, port=_free_port(), headless=True, gecko_log="-")
    client.start_session({"strictFileInteractability": False})
    try:
        yield client
    finally:
        client.quit()
        client.cleanup()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
