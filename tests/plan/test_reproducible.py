"""The same inputs and libraries give the same bytes, whatever the Python, the folder and the seed.

The lock file has another NumPy for each Python, which manifests name; nothing else may differ.
"""

import json
import os
import subprocess
import sys

import pytest
from support.pythons import LOCKS, ROOT, install, python_of

CONVERSIONS = (
    ("tfjs", "sample"),
    ("tfjs", "sample", "--quantize", "1"),
    ("onnx", "sample"),
    ("onnx", "sample", "--quantize", "1"),
)
# The oldest differs most; the rest is for once a week.
OLDEST = 10
OTHERS = [minor for minor in (11, 12) if minor != sys.version_info.minor]
MINORS = [OLDEST, *(pytest.param(minor, marks=pytest.mark.weekly) for minor in OTHERS)]

pytestmark = [pytest.mark.long(seconds=60), pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return convert(sys.executable, tmp_path_factory.mktemp("own"), seed="1")


@pytest.mark.parametrize("minor", MINORS)
def test_another_python_gives_the_same_bytes(own, minor, tmp_path):
    python = install(python_of(minor), tmp_path / "venv", LOCKS / "run.txt")
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
    # The lock has older releases of these for Python 3.10.
    older = dict.fromkeys({"numpy", "onnxruntime"} & manifest["versions"].keys(), "")
    return {**manifest, "versions": {**manifest["versions"], **older}}
