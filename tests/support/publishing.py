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
    return _run([*_command(release, target), *options], environment)


def kill_publish(release: Path, target, sent: int, **environment) -> None:
    """Run dlconv's publish until so many pieces are sent, and kill it."""
    command = [sys.executable, "-c", KILLED, str(release), str(target), str(sent)]
    answer = _run(command, environment)
    assert answer.returncode == -signal.SIGKILL, answer.stderr


def kill_publish_after(seconds: float, release: Path, target) -> bool:
    """Run dlconv publish for so long, and kill it; return whether it still ran."""
    process = subprocess.Popen(
        _command(release, target), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() == -signal.SIGKILL


def files_below(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their paths."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _command(release: Path, target) -> list[str]:
    options = ["--release", str(release)]
    return [sys.executable, "-m", "dlconv", "publish", str(target), *options]


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
