"""The programs that runtimes run in, Node.js and Chromium: which versions of them verify would use.

They are found as the runtimes find them, and asked for their version once in a process.
Playwright's own Chromium is not asked: Playwright's version determines it.
"""

import subprocess
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from dlconv.runtimes.catalogue import parse_choice
from dlconv.runtimes.chromium import find_chromium
from dlconv.runtimes.node import find_node

FINDERS: Mapping[str, Callable[[], Path | None]] = {"node": find_node, "chromium": find_chromium}
PATIENCE_SECONDS = 20


def programs(runtimes: Iterable[str]) -> dict[str, str]:
    """Return the versions that the programs of runtimes (``NAME:BACKEND``) print, by name.

    Raises DlconvError for a missing program.
    """
    names = {parse_choice(runtime).kind.program for runtime in runtimes}
    return {name: version_of(name) for name in FINDERS if name in names}


@lru_cache
def version_of(name: str) -> str:
    """Return the version that a program prints; empty if none, or for Playwright's own Chromium.

    Raises DlconvError if it is missing.
    """
    program = FINDERS[name]()
    if program is None:
        return ""
    command = [str(program), "--version"]
    try:
        return subprocess.check_output(
            command, stderr=subprocess.DEVNULL, text=True, timeout=PATIENCE_SECONDS
        ).strip()
    except (OSError, subprocess.SubprocessError):
        return ""
