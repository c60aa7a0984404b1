"""What holds for every target."""

import pytest
from support.publishing import run_publish
from typer.testing import CliRunner

from dlconv.addresses import shown
from dlconv.cli import app
from dlconv.errors import DlconvError, UsageError
from dlconv.release.publish.publish import publish


def test_what_is_not_as_it_was_packed_is_refused(release, tmp_path):
    changed = release / "tfjs-float32" / "model.json"
    changed.write_bytes(changed.read_bytes() + b"\n")
    with pytest.raises(DlconvError, match=r"cannot be published: tfjs-float32/model.json"):
        publish(release, str(tmp_path / "target"))
    assert not (tmp_path / "target").exists()


def test_what_did_not_pass_is_refused(release, tmp_path):
    document = release / "release.json"
    document.write_text(document.read_text().replace('"passed": true', '"passed": false', 1))
    with pytest.raises(DlconvError, match=r"cannot be published: .*\(and"):
        publish(release, str(tmp_path / "target"))
    assert not (tmp_path / "target").exists()


def test_a_folder_without_a_release_is_said_in_one_line(tmp_path):
    answer = run_publish(tmp_path / "nothing", tmp_path)
    assert answer.returncode == 1
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("error:")]
    assert "dlconv pack" in line


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("gihub:me/models", "there is no target gihub:"),
        ("GitHub:models", "give github:OWNER/REPO"),
        ("ftp://me:secret@host/models", "a target holds no password"),
        ("s3://[x", r"s3://\[x is not a URL: Invalid IPv6 URL"),
        ("github:models", "give github:OWNER/REPO"),
        ("hf:models", "give hf:OWNER/NAME"),
        ("npm:Big Name", "give npm:NAME"),
        ("oci:models", "give oci:HOST/REPO"),
        ("https://host/models", "cannot be written to https:"),
    ],
)
def test_targets_that_are_none(packed, target, said):
    with pytest.raises(UsageError, match=said):
        publish(packed, target)


@pytest.mark.parametrize(
    "target",
    [
        "s3://me:hunter2/hunter2@bucket/x",
        "https://me:hunter2@host/models",
        "oci:me:hunter2@host/models",
        "gihub:me:hunter2@models",
        "simplecache::s3://me:hunter2@bucket",
        "s3://bucket/x?token=hunter2",
    ],
)
def test_a_password_is_refused_and_never_shown(packed, tmp_path, target):
    project = tmp_path / "dlconv.toml"
    project.write_text(f'[models.sample]\n[publish]\ntargets = ["there", "{target}"]\n')
    config = ["--config", str(project)]
    for options in ([target], config):
        answer = CliRunner().invoke(app, ["publish", *options, "--release", str(packed)])
        assert answer.exit_code == (2 if options == [target] else 1)
        assert "a target holds no password" in answer.stderr
        assert "hunter2" not in answer.output


@pytest.mark.parametrize(
    "target",
    ["ftp://me@host/x", "ftp://host:21/a@b", "ftp://[::1]/a@b", "npm:@me/x", "a:b@c", "/x:y:z@u"],
)
def test_what_is_no_password_is_shown(target):
    assert shown(target) == target


@pytest.mark.parametrize(
    ("target", "name"),
    [("github:me/models", "GITHUB_TOKEN"), ("hf:me/models", "HF_TOKEN"), ("npm:me", "NPM_TOKEN")],
)
def test_a_token_that_is_not_set_is_asked_for(packed, target, name):
    with pytest.raises(DlconvError, match=f"^{name} is not set"):
        publish(packed, target)
