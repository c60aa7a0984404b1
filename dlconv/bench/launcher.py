"""Runs one command and prints what it took, as JSON: ``seconds``, ``peak_bytes``, ``exit_code``.

    python -I -S launcher.py LOG COMMAND [ARGUMENT ...]

The peak that the system reports for a child is at least that of the process that started it; this
program holds next to nothing, so that the figure is the command's own. It is the peak of the
largest process among the command and those it waited for. What the command prints goes to LOG.
Only the standard library's smallest modules are imported here.
"""

import os
import sys
import time


def run(log: str, command: list[str]) -> str:
    """Run ``command`` to its end and return the JSON; its output is written to ``log``."""
    files = [
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    started = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    exit_code = os.waitstatus_to_exitcode(status)
    return (
        f'{{"seconds": {seconds}, "peak_bytes": {usage.ru_maxrss * unit}, '
        f'"exit_code": {exit_code}}}'
    )


if __name__ == "__main__":
    print(run(sys.argv[1], sys.argv[2:]))
