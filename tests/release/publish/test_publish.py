"""What holds for every target."""

import pytest
from support.publishing import run_publish

from dlconv.errors import DlconvError, UsageError
from dlconv.release.publish.publish import publish


def test_what_is_not_as_it_was_packed_is_refused(release, tmp_path):
    changed = release / "tfjs-float32" / "model.json"
    changed.write_bytes(changed.read_bytes() + b"\n")
    with pytest.raises(DlconvError, match=r"is not to be published: tfjs-float32/model.json"):
        publish(release, str(tmp_path / "target"))
    assert not (tmp_path / "target").exists()


def test_what_did_not_pass_is_refused(release, tmp_path):
    document = release / "release.json"
    document.write_text(document.read_text().replace('"passed": true', '"passed": false', 1))
    with pytest.raises(DlconvError, match=r"is not to be published: .*\(and"):
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
    ("target", "name"),
    [("github:me/models", "GITHUB_TOKEN"), ("hf:me/models", "HF_TOKEN"), ("npm:me", "NPM_TOKEN")],
)
def test_a_token_that_is_not_set_is_asked_for(packed, target, name):
    with pytest.raises(DlconvError, match=f"^{name} is not set"):
        publish(packed, target)
