"""Installs exactly what a lock file names.

    python locks/install.py FOLDER LOCK [PROJECT ...]

FOLDER becomes a virtual environment of the Python that runs this, or is brought in step where it
is one already; what LOCK does not name is removed. Then come the PROJECTs (arguments as of
``pip install``, such as ``-e .``), whose dependencies and build tools the lock has.

uv does it, itself a wheel with a pinned hash, which the pip of the Python installs. It resolves
nothing: a lock is complete, and whatever has come out since is not looked at. (pip of any version
reads the requirements of what it installs, extras too, and with hashes stops at the first newer
release of one of them.) pip with --no-deps would be as exact, and takes eight times as long.
"""

import os
import subprocess
import sys
from pathlib import Path

UV_LOCK = Path(__file__).with_name("uv.txt")
PIP_OPTIONS = ("--quiet", "--disable-pip-version-check")


def install(folder: Path, lock: Path, project: list[str]) -> None:
    """Bring an environment in step. Raises CalledProcessError where a command fails."""
    python = folder / "bin" / "python"
    if not _is_of_this_python(python):
        run([sys.executable, "-m", "venv", "--clear", folder])
    locked = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", UV_LOCK]
    run([python, "-m", "pip", "install", *PIP_OPTIONS, *locked])
    uv = [folder / "bin" / "uv", *([] if sys.stderr.isatty() else ["--quiet"]), "pip"]
    run([*uv, "sync", "--python", python, "--require-hashes", lock])
    if project:
        built = ["--no-deps", "--no-build-isolation", "--reinstall"]
        run([*uv, "install", "--python", python, *built, *project])
    run([*uv, "check", "--python", python])


def _is_of_this_python(python: Path) -> bool:
    """Whether there is an environment of this Python's version, with its pip."""
    code = "import pip, sys; print(sys.version)"
    try:
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()


def run(command: list[str | Path]) -> None:
    """Run a command; where pip was told of another index, uv is, too."""
    subprocess.run(command, check=True, env={**_index(), **os.environ})


def _index() -> dict[str, str]:
    """What uv has to be told so that it asks the index that pip is configured to ask."""
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    answer = subprocess.run(command, capture_output=True, text=True)
    url = os.environ.get("PIP_INDEX_URL") or answer.stdout.strip()
    return {"UV_DEFAULT_INDEX": url} if url else {}


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: python {sys.argv[0]} FOLDER LOCK [PROJECT ...]")
    try:
        install(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"setting up {sys.argv[1]} failed: {' '.join(map(str, error.cmd))}")
