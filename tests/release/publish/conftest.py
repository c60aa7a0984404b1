"""The release under another version and with other bytes, and one of another model."""

import dataclasses
import json
import os
import shutil

import pytest
import tenacity

from dlconv.artifacts.manifest import read_artifact
from dlconv.release.evidence import evidence_path
from dlconv.release.pack import pack

FORGOTTEN = ("AWS_", "GITHUB_", "HF_", "NPM_", "ORAS_")


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch):
    """No test reaches for an account of whoever runs it, or through a proxy."""
    for name in [name for name in os.environ if name.startswith(FORGOTTEN)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """What may pass is tried again at once."""
    monkeypatch.setattr("dlconv.net.patience.waiting", lambda _: tenacity.wait_none())


@pytest.fixture(scope="session")
def other(verified, tmp_path_factory):
    """A release of the same version with one artifact less."""
    folder = tmp_path_factory.mktemp("other") / "release"
    pack(verified[:1], "1.2.0", folder)
    return folder


@pytest.fixture(scope="session")
def later(verified, tmp_path_factory):
    """The next version."""
    folder = tmp_path_factory.mktemp("later") / "release"
    pack(verified, "1.3.0", folder)
    return folder


@pytest.fixture(scope="session")
def another_model(verified, tmp_path_factory):
    """A release of the model "city", in a version of its own."""
    folder = tmp_path_factory.mktemp("city")
    manifest = shutil.copytree(verified[0].directory, folder / "onnx-float32") / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"model": "sample"', '"model": "city"'))
    artifact = read_artifact(folder / "onnx-float32")
    report = json.loads(evidence_path(verified[0]).read_bytes())
    files = [dataclasses.asdict(file) for file in artifact.all_files]
    report["results"][0].update(model="city", files=files)
    evidence_path(artifact).write_text(json.dumps(report))
    pack([artifact], "1.4.0", folder / "release")
    return folder / "release"
