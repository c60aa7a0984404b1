"""Headless Chromium, driven through Playwright.

The browser is ``DLCONV_CHROMIUM``, or a Chromium or Chrome of the system, or the one that
Playwright installed.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dlconv.verify.runtimes import RuntimeMissingError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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
def open_browser() -> "Iterator[Browser]":
    """Start Chromium, and end it. Raises RuntimeMissingError where that is not possible."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise RuntimeMissingError(
            "browsers are driven by Playwright, which is not installed",
            "pip install 'dlconv[browser]'",
        ) from error
    # Chromium refuses to run as root in its sandbox.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*QUIET, *SOFTWARE_GRAPHICS, *(["--no-sandbox"] if is_root else [])]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        except Error as error:
            raise RuntimeMissingError(
                f"Chromium does not start: {error.message.splitlines()[0]}",
                "install chromium, or run: playwright install chromium",
            ) from error
        with browser:
            yield browser
