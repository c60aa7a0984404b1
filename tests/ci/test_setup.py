"""Set-up: what a lock file names is installed, whatever else has come out since."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest
from support.pythons import LOCKS, install, python_of

# As model-signing asks for sigstore-rekor-types, and that for pydantic[email].
RELEASES = {
    "asks": {"1.0": ["asked[more]<3,>=1"]},
    "asked": {"1.0": ["extra; extra == 'more'"], "1.1": ["extra; extra == 'more'"]},
    "extra": {"1.0": [], "2.0": []},
}
LOCKED = dict.fromkeys(RELEASES, "1.0")


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A package index on disk that has uv, and newer releases than the lock file beside it."""
    folder = tmp_path_factory.mktemp("index")
    for name, versions in RELEASES.items():
        for version, requirements in versions.items():
            _write_wheel(folder / name, name, version, requirements)
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    uv = ["--require-hashes", "--requirement", LOCKS / "uv.txt", "--dest", folder / "uv"]
    subprocess.run([*download, *uv], check=True, capture_output=True)
    for package in folder.iterdir():
        links = [f'<a href="{each.name}">{each.name}</a>' for each in package.iterdir()]
        (package / "index.html").write_text("\n".join(links))
    lines = [
        f"{name}=={version} --hash=sha256:{_digest(folder / name / _file(name, version))}"
        for name, version in LOCKED.items()
    ]
    (folder / "lock.txt").write_text("\n".join(lines))
    return folder


def _write_wheel(folder, name, version, requirements):
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += ["Provides-Extra: more", *(f"Requires-Dist: {each}" for each in requirements)]
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{path},sha256={_encoded_digest(content)},{len(content)}"
        for path, content in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    with zipfile.ZipFile(folder / _file(name, version), "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)


def _file(name, version):
    return f"{name}-{version}-py3-none-any.whl"


def _encoded_digest(content):
    digest = hashlib.sha256(content.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def asking(index):
    """The environment of a machine whose pip asks this index."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    return {**kept, "PIP_INDEX_URL": index.as_uri(), "PIP_CONFIG_FILE": os.devnull}


def installed(python):
    command = [python.with_name("uv"), "pip", "list", "--python", python, "--format", "json"]
    listed = json.loads(subprocess.check_output(command, text=True))
    return {each["name"]: each["version"] for each in listed if each["name"] in RELEASES}


@pytest.mark.slow
@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_what_is_locked_is_installed_though_newer_releases_came_out(index, tmp_path, minor):
    lock = index / "lock.txt"
    python = install(python_of(minor), tmp_path / "venv", lock, environment=asking(index))
    assert installed(python) == LOCKED


@pytest.mark.slow
def test_pip_alone_would_stop_at_the_newer_release(index, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True)
    command = [tmp_path / "bin/python", "-m", "pip", "install", "--require-hashes", "-r"]
    answer = subprocess.run(
        [*command, index / "lock.txt"], env=asking(index), capture_output=True, text=True
    )
    assert answer.returncode != 0
    assert re.search(r"asked\[more\].* from file:.*asked-1\.1-py3", answer.stderr)


@pytest.mark.slow
def test_an_environment_comes_in_step_and_a_lock_that_lacks_something_is_refused(index, tmp_path):
    folder, lock = tmp_path / "venv", tmp_path / "lock.txt"
    complete = (index / "lock.txt").read_text()
    environment = asking(index)
    lock.write_text(complete)
    python = install(sys.executable, folder, lock, environment=environment)
    lock.write_text(next(line for line in complete.splitlines() if line.startswith("extra")))
    install(str(python), folder, lock, environment=environment)
    assert installed(python) == {"extra": "1.0"}
    lock.write_text(next(line for line in complete.splitlines() if line.startswith("asks")))
    command = [python, LOCKS / "install.py", folder, lock]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "requires `asked" in answer.stderr
    assert f"setting up {folder} failed" in answer.stderr


def test_the_locks_agree_with_each_other():
    """What ``make run`` installs and what the action installs is part of what the tests ran on."""
    locks = {path.stem: _pins(path) for path in LOCKS.glob("*.txt")}
    assert locks["run"] < locks["action"] < locks["dev"]
    assert len(locks["run"]) > 80
    assert not {line for line in locks["run"] if line.startswith(("pytest", "moto", "mypy"))}


def _pins(path):
    lines = path.read_text().splitlines()
    return {line.split()[0] for line in lines if line and line[0] not in " #"}
