"""The programs that runtimes run in, Node.js and Chromium: which versions of them verify would use.

They are found as the runtimes find them, and asked once in a process. The Chromium that Playwright
brings is not asked: it is that of Playwright's version.
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
    """Return what the programs of runtimes (``NAME:BACKEND``) say of their versions, by name.

    Raises DlconvError for a program that is lacking.
    """
    names = {parse_choice(runtime).kind.program for runtime in runtimes}
    return {name: version_of(name) for name in FINDERS if name in names}


@lru_cache
def version_of(name: str) -> str:
    """Return what a program says of its version; empty if it does not, or Playwright brings it.

    Raises DlconvError if it is lacking.
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
