"""The CPythons of this machine, and environments of them with what a lock file names."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "locks"


def python_of(minor: int) -> str:
    """A CPython 3.``minor`` that can make environments; the test is skipped where there is none."""
    of_pyenv = sorted(map(str, Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python")))
    own = [sys.executable] if sys.version_info.minor == minor else []
    for python in [*own, shutil.which(f"python3.{minor}"), *of_pyenv]:
        if python and _makes_environments(python):
            return python
    pytest.skip(f"there is no Python 3.{minor} here")


def _makes_environments(python: str) -> bool:
    command = [python, "-c", "import ensurepip, venv"]
    return subprocess.run(command, capture_output=True).returncode == 0


def install(python: str, folder: Path, lock: Path, *project: str | Path, environment=None) -> Path:
    """Make an environment with exactly what a lock file names; return its Python."""
    command = [python, LOCKS / "install.py", folder, lock, *project]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder / "bin" / "python"
