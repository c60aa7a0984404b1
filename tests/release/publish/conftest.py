"""The release under another version and with other bytes."""

import os

import pytest

from dlconv.release.pack import pack

FORGOTTEN = ("AWS_", "GITHUB_", "HF_", "NPM_", "ORAS_")


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch):
    """No test reaches for an account of whoever runs it, or through a proxy."""
    for name in [name for name in os.environ if name.startswith(FORGOTTEN)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")


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
