"""The wheel, built and installed as a user would, away from the checkout."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.pythons import LOCKS, ROOT, install, python_of

UV = Path(sys.prefix) / "bin" / "uv"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # Building makes the bundle anew, which other tests use at the same time.
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    shutil.copytree(ROOT / "dlconv", checkout / "dlconv", symlinks=True)
    command = [UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*command, "--out-dir", folder, checkout], check=True, capture_output=True)
    (made,) = folder.glob("dlconv-*.whl")
    return made


def test_the_wheel_carries_its_data_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "dlconv/plan/template.toml",
        "dlconv/graph/contract.py",
        "dlconv/graph/definitions.pb.gz",
        "dlconv/registry/registry.toml",
        "dlconv/sample/deeplabv3_mnv2_sample.tar.gz",
        "dlconv/web/dist/tfjs-node.cjs",
        "dlconv/verify/reports/page/page.html",
        "dlconv/web/dist/tfjs-page.js",
        "dlconv/web/dist/ort-node.mjs",
        "dlconv/web/dist/litert-page.js",
        "dlconv/web/dist/demo/index.html",
        "dlconv/web/dist/demo/page.js",
        "dlconv/web/dist/demo/worker.js",
        "dlconv/web/dist/tfjs-backend-wasm-simd.wasm",
        "dlconv/web/dist/ort-wasm-simd-threaded.wasm",
        "dlconv/web/dist/tfjs_operations.json",
        "dlconv/web/dist/THIRD_PARTY_LICENSES.txt",
    ):
        assert name in names
    assert len([name for name in names if name.startswith("dlconv/sample/photos/")]) >= 6
    tops = {name.partition("/")[0] for name in names}
    assert len(tops) == 2
    assert not [name for name in names if "node_modules" in name or name.startswith("tests")]
    assert not [name for name in names if name == "dlconv/inspect/__init__.py"]


@pytest.mark.long
def test_the_installed_wheel_does_the_main_job_without_the_checkout_or_npm(wheel, tmp_path):
    install(sys.executable, tmp_path / "venv", LOCKS / "run.txt", wheel)
    does_the_main_job(tmp_path)


@pytest.mark.newest
@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_the_wheel_works_with_today_s_newest_releases(wheel, tmp_path, minor):
    subprocess.run([python_of(minor), "-m", "venv", tmp_path / "venv"], check=True)
    pip = [tmp_path / "venv" / "bin" / "python", "-m", "pip"]
    subprocess.run([*pip, "install", "--quiet", "--disable-pip-version-check", wheel], check=True)
    subprocess.run([*pip, "check"], check=True)
    does_the_main_job(tmp_path)


def does_the_main_job(tmp_path):
    """Run it with the environment in ``venv``, which has nothing but the wheel and its needs."""
    python = tmp_path / "venv" / "bin" / "python"
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
