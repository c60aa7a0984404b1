"""A check: what was looked at, what was found, and how to get it right.

A probe finds out; it is a function without arguments, so that looks can run side by side. What goes
wrong in it is a finding, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "broken"]
Group = Literal["base", "runtimes", "extras"]


@dataclass(frozen=True)
class Found:
    """What a probe gave: a version or a place, or what is wrong; ``remedy`` is what to do."""

    state: State
    what: str
    remedy: str = ""


Probe = Callable[[], Found]


@dataclass(frozen=True)
class Check:
    """One thing that dlconv uses. Nothing works as it should unless all that is needed is ok."""

    group: Group
    name: str
    purpose: str
    is_needed: bool
    found: Found

    @property
    def fails(self) -> bool:
        """Whether it is needed and not there."""
        return self.is_needed and self.found.state != "ok"


def run_probe(probe: Probe) -> Found:
    """Probe, and take any error for what is broken."""
    try:
        return probe()
    except Exception as error:  # what is broken may fail in any way
        return Found("broken", f"{type(error).__name__}: {error}")
