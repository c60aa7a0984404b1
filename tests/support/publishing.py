"""Publishing in a process of its own, as a person or a CI job does it, and killed half-way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

KILLED = """
import os, signal, sys
from pathlib import Path
from dlconv.release.publish.publish import publish
def progress(what, done, total):
    if done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
publish(Path(sys.argv[1]), sys.argv[2], progress=progress)
"""


def run_publish(release: Path, target, *options, **environment) -> subprocess.CompletedProcess:
    """Run dlconv publish with more in its environment."""
    command = ["-m", "dlconv", "publish", str(target), "--release", str(release), *options]
    return _python(command, environment)


def kill_publish(release: Path, target, sent: int, **environment) -> None:
    """Run dlconv's publish until so many pieces are sent, and kill it."""
    answer = _python(["-c", KILLED, str(release), str(target), str(sent)], environment)
    assert answer.returncode == -signal.SIGKILL, answer.stderr


def files_below(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their paths."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _python(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
