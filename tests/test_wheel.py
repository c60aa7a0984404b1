"""The wheel, built and installed as a user would, away from the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
        + ["--wheel-dir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (made,) = folder.glob("dlconv-*.whl")
    return made


def test_the_wheel_carries_its_data_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "dlconv/build/template.toml",
        "dlconv/inspect/contract.py",
        "dlconv/models/registry.toml",
        "dlconv/models/sample/deeplabv3_mnv2_sample.tar.gz",
        "dlconv/web/dist/tfjs-node.cjs",
        "dlconv/verify/page/page.html",
        "dlconv/web/dist/tfjs-page.js",
        "dlconv/web/dist/ort-node.mjs",
        "dlconv/web/dist/demo/index.html",
        "dlconv/web/dist/demo/page.js",
        "dlconv/web/dist/demo/worker.js",
        "dlconv/web/dist/tfjs-backend-wasm-simd.wasm",
        "dlconv/web/dist/ort-wasm-simd-threaded.wasm",
        "dlconv/web/dist/tfjs_operations.json",
        "dlconv/web/dist/THIRD_PARTY_LICENSES.txt",
    ):
        assert name in names
    assert len([name for name in names if name.startswith("dlconv/models/sample/photos/")]) >= 6
    tops = {name.partition("/")[0] for name in names}
    assert len(tops) == 2
    assert not [name for name in names if "node_modules" in name or name.startswith("tests")]
    assert not [name for name in names if name == "dlconv/inspect/__init__.py"]


@pytest.mark.long
def test_the_installed_wheel_does_the_main_job_without_the_checkout_or_npm(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ["--constraint", _pins(tmp_path)]
    subprocess.run([*install, *constraints, wheel], check=True)
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "DLCONV_CACHE": str(tmp_path / "cache"),
        "LANG": "C.UTF-8",
    }
    answer = subprocess.run(
        [tmp_path / "venv" / "bin" / "dlconv", "run", "sample", "--json"],
        cwd=outside,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    rows = json.loads(answer.stdout)["results"]
    assert [row["passed"] for row in rows] == [True, True, True]
    where = subprocess.run(
        [python, "-c", "import dlconv; print(dlconv.__file__)"],
        cwd=outside,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert where.stdout.startswith(str(tmp_path / "venv"))
    doctor = subprocess.run(
        [tmp_path / "venv" / "bin" / "dlconv", "doctor", "--json"],
        cwd=outside,
        env=environment,
        capture_output=True,
        text=True,
    )
    states = {each["name"]: each["found"]["state"] for each in json.loads(doctor.stdout)["checks"]}
    assert doctor.returncode == 0, doctor.stdout
    assert {states[name] for name in ("tensorflow", "node", "bundle", "cache")} == {"ok"}
    assert {states[name] for name in ("browser", "chromium", "sign")} == {"missing"}


def _pins(folder: Path) -> Path:
    """The lock file's versions, without hashes, since the wheel itself has none there."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.rstrip(" \\") for line in lines if "==" in line and not line.startswith(" ")]
    path = folder / "constraints.txt"
    path.write_text("\n".join(pins) + os.linesep)
    return path
