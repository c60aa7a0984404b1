"""Headless Chromium, driven through Playwright.

Several browsers can be open at once, each in processes of its own. The browser is
``DLCONV_CHROMIUM``, or a Chromium or Chrome of the system, or the one that Playwright installed.
"""

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dlconv.runtimes import RuntimeMissingError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
# WebGL and WebGPU on the processor, where there is no graphics card.
SOFTWARE_GRAPHICS = (
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--enable-webgl",
    "--ignore-gpu-blocklist",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
)


def find_chromium() -> Path | None:
    """Return the browser that is named or installed in the system; None leaves it to Playwright.

    Raises RuntimeMissingError when ``DLCONV_CHROMIUM`` names none.
    """
    named = os.environ.get("DLCONV_CHROMIUM")
    if named:
        if not shutil.which(named):
            raise RuntimeMissingError(
                f"DLCONV_CHROMIUM={named} is no program", "name a Chromium, or unset it"
            )
        return Path(named)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


@contextmanager
def open_browser(flags: Sequence[str] = SOFTWARE_GRAPHICS) -> "Iterator[Browser]":
    """Start Chromium, with flags, and end it.

    Raises RuntimeMissingError where that is not possible.
    """
    with _driver.shared() as playwright:
        from playwright.sync_api import Error

        # Chromium refuses to run as root in its sandbox.
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        arguments = [*QUIET, *flags, *(["--no-sandbox"] if is_root else [])]
        try:
            # The driver gets Ctrl+C, too, but this process has to close its browsers.
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=arguments, handle_sigint=False
            )
        except Error as error:
            raise RuntimeMissingError(
                f"Chromium does not start: {error.message.splitlines()[0]}",
                "install chromium, or run: playwright install chromium",
            ) from error
        with browser:
            yield browser


def process_ids(browser: "Browser") -> list[int]:
    """Return the processes of a browser: its own, its pages', the one for graphics and others."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return [process["id"] for process in processes]


class _Driver(threading.local):
    """Playwright's driver: a thread can start only one, so its browsers share it.

    It starts with the first of them and ends with the last.
    """

    users = 0
    playwright: "Playwright"

    @contextmanager
    def shared(self) -> "Iterator[Playwright]":
        """Yield the driver. Raises RuntimeMissingError without Playwright."""
        if not self.users:
            self.playwright = _start_playwright()
        self.users += 1
        try:
            yield self.playwright
        finally:
            self.users -= 1
            if not self.users:
                self.playwright.stop()


_driver = _Driver()


def _start_playwright() -> "Playwright":
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise RuntimeMissingError(
            "browsers are driven by Playwright, which is not installed",
            "pip install 'dlconv[browser]'",
        ) from error
    return sync_playwright().start()
