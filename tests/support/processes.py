"""Processes that tests start."""

import signal


def hear_ctrl_c() -> None:
    """As a child's ``preexec_fn``: heed SIGINT, even if the tests run in a shell's background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
