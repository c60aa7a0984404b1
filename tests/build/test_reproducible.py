"""The same inputs and libraries give the same bytes, whatever the Python, the folder and the seed.

The lock file has another NumPy for each Python, which manifests name; nothing else may differ.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONVERSIONS = (
    ("tfjs", "sample"),
    ("tfjs", "sample", "--quantize", "1"),
    ("onnx", "sample"),
    ("onnx", "sample", "--quantize", "1"),
)
MINORS = [minor for minor in (10, 11, 12) if minor != sys.version_info.minor]

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return convert(sys.executable, tmp_path_factory.mktemp("own"), seed="1")


@pytest.mark.parametrize("minor", MINORS)
def test_another_python_gives_the_same_bytes(own, minor, tmp_path):
    python = locked_environment(minor, tmp_path / "venv")
    other = convert(python, tmp_path / "somewhere" / "else", seed="2")
    assert {name: each for name, each in own.items() if other.get(name) != each} == {}
    assert own.keys() == other.keys()


def convert(python, folder, seed):
    """Make artifacts in a folder; return their files, and manifests without the versions."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    environment["DLCONV_CACHE"] = str(folder / "cache")
    for command in (("fetch", "sample"), *CONVERSIONS):
        call = [python, "-m", "dlconv", *command]
        subprocess.run(call, cwd=folder, env=environment, check=True, capture_output=True)
    root = folder / "artifacts"
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    assert len(paths) >= 10
    return {str(path.relative_to(root)): _content(path) for path in paths}


def _content(path):
    if path.name != "manifest.json":
        return path.read_bytes()
    manifest = json.loads(path.read_bytes())
    return {**manifest, "versions": {**manifest["versions"], "numpy": ""}}


def locked_environment(minor, folder):
    """A fresh environment of another Python with exactly what the lock file names."""
    candidates = [shutil.which(f"python3.{minor}"), *_of_pyenv(minor)]
    made = (_makes_environment(each, folder) for each in candidates if each)
    if not any(made):
        pytest.skip(f"there is no Python 3.{minor} here")
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    subprocess.run([*install, *lock], check=True)
    return python


def _makes_environment(python, folder):
    return subprocess.run([python, "-m", "venv", folder], capture_output=True).returncode == 0


def _of_pyenv(minor):
    return sorted(map(str, Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python")))
