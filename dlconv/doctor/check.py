"""A check: what was tried, what was found, and how to fix it.

A probe finds out; it is a function without arguments, so that probes can run side by side. An
exception that it raises is a finding, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "broken"]
Group = Literal["base", "runtimes", "extras"]


@dataclass(frozen=True)
class Found:
    """What a probe found: a version or a place, or what is wrong; ``remedy`` is what to do."""

    state: State
    what: str
    remedy: str = ""


Probe = Callable[[], Found]


@dataclass(frozen=True)
class Check:
    """One thing that dlconv uses, and whether it works; ``purpose`` is what needs it."""

    group: Group
    name: str
    purpose: str
    is_needed: bool
    found: Found

    @property
    def fails(self) -> bool:
        """Whether it is needed and not ok."""
        return self.is_needed and self.found.state != "ok"


def run_probe(probe: Probe) -> Found:
    """Return what a probe finds; any exception means that something is broken."""
    try:
        return probe()
    except Exception as error:  # what is broken may fail in any way
        return Found("broken", f"{type(error).__name__}: {error}")
