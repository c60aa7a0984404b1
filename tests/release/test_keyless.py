"""Keyless signing, with a Sigstore of one's own in place of the public one."""

import os
import subprocess
import sys

import pytest
from support.sigstore import IDENTITY, PROVIDER, serve

from dlconv.errors import DlconvError
from dlconv.release.check import check_release
from dlconv.release.document import SUMS_NAME
from dlconv.release.signing import Keyless, sign_release
from dlconv.release.sums import sums
from dlconv.release.trust import Identity


@pytest.fixture(scope="module")
def sigstore():
    with serve() as made:
        yield made


@pytest.fixture
def trust_config(sigstore, tmp_path):
    return sigstore.write_trust_config(tmp_path / "trust.json")


@pytest.fixture
def signed(release, sigstore, trust_config, monkeypatch):
    """A release signed by a CI job."""
    for name, value in sigstore.environment().items():
        monkeypatch.setenv(name, value)
    sign_release(release, Keyless(trust_config))
    return release


def said(folder, *trust):
    return [str(problem) for problem in check_release(folder, Identity(*trust))]


def test_a_job_signs_and_is_known_by_its_identity(signed, trust_config):
    assert said(signed, IDENTITY, PROVIDER, trust_config) == []


@pytest.mark.parametrize(
    ("identity", "provider", "reason"),
    [
        ("somebody@example.org", PROVIDER, "SANs do not match somebody@example.org"),
        (IDENTITY, "https://accounts.google.com", "issuer"),
    ],
)
def test_another_identity_does_not_count(signed, trust_config, identity, provider, reason):
    (problem,) = said(signed, identity, provider, trust_config)
    assert problem.startswith("model.sig: does not verify: ")
    assert reason.lower() in problem.lower()


def test_another_sigstore_does_not_count(signed, tmp_path):
    with serve() as other:
        elsewhere = other.write_trust_config(tmp_path / "other.json")
    (problem,) = said(signed, IDENTITY, PROVIDER, elsewhere)
    assert problem.startswith("model.sig: does not verify: ")


def test_a_file_that_was_changed_with_its_sums_is_named(signed, trust_config):
    with (signed / "bom.cdx.json").open("ab") as file:
        file.write(b"\n")
    (signed / SUMS_NAME).write_bytes(sums(signed))
    assert "bom.cdx.json: is not the file that was signed" in said(
        signed, IDENTITY, PROVIDER, trust_config
    )


def test_a_job_that_may_not_ask_for_its_identity_is_told_what_to_do(release, monkeypatch):
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DlconvError, match=r"no identity to sign with.*id-token: write"):
        sign_release(release, Keyless())
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(DlconvError, match=r"no identity to sign with: .*id-token: write"):
        sign_release(release, Keyless())


def test_a_sigstore_that_is_gone_is_said_in_a_line(release, sigstore, tmp_path, monkeypatch):
    for name, value in sigstore.environment().items():
        monkeypatch.setenv(name, value)
    with serve() as gone:
        trust_config = gone.write_trust_config(tmp_path / "gone.json")
    with pytest.raises(DlconvError, match="cannot reach Sigstore"):
        sign_release(release, Keyless(trust_config))
    trust_config.write_text("{}")
    with pytest.raises(DlconvError, match="trust config cannot be used"):
        sign_release(release, Keyless(trust_config))


def test_the_commands_do_it_and_no_secret_is_printed(release, sigstore, trust_config):
    def call(*arguments):
        command = [sys.executable, "-m", "dlconv", *map(str, arguments)]
        options = ["--trust-config", str(trust_config), "--verbose"]
        environment = {**os.environ, **sigstore.environment()}
        return subprocess.run([*command, *options], env=environment, capture_output=True, text=True)

    called = call("sign", release, "--keyless")
    assert called.returncode == 0, called.stderr
    for secret in ("secret", "eyJhbGciOiJIUzI1NiIs"):  # what asks for the token, and its head
        assert secret not in called.stdout + called.stderr
    identity = ["--identity", IDENTITY, "--identity-provider"]
    assert call("check", release, *identity, PROVIDER).returncode == 0
    assert call("check", release, *identity, "https://accounts.google.com").returncode == 1
