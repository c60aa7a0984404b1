"""Processes that tests start."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from support.waiting import SECONDS

PROCESSES = Path("/proc")


def hear_ctrl_c() -> None:
    """As a child's ``preexec_fn``: heed SIGINT, even if the tests run in a shell's background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def still_running(process_ids: Sequence[int], seconds: float = SECONDS) -> list[int]:
    """Those that run even after so many seconds; returns as soon as there are none."""
    deadline = time.monotonic() + seconds
    while (left := [each for each in process_ids if _runs(each)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def descendants(process_id: int) -> list[int]:
    """The processes that a process started, and those that they did, as they are now."""
    try:
        text = (PROCESSES / f"{process_id}/task/{process_id}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    children = [int(each) for each in text.split()]
    return [*children, *(each for child in children for each in descendants(child))]


def _runs(process_id: int) -> bool:
    """Whether a process is there; one that has ended and that nobody has waited for is not."""
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(process_id, 0)
        if not PROCESSES.is_dir():
            return True
        stat = (PROCESSES / f"{process_id}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"
    return False
