"""Publishing as a release of a GitHub repository."""

import io
import subprocess
import tarfile

import pytest
from support.github import GitHubServer
from support.publishing import files_below, kill_publish, run_publish

from dlconv.errors import DlconvError
from dlconv.net.patience import WITH_SERVICES
from dlconv.release.publish.publish import publish

TARGET = "github:me/models"
TAG = "sample-v1.2.0"
TOKEN = "ghs_of-nobody-0123456789"


@pytest.fixture
def github(httpserver, monkeypatch):
    server = GitHubServer(httpserver, TOKEN)
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    return server


def test_the_assets_are_the_release_and_each_of_its_artifacts(packed, github, tmp_path):
    done = publish(packed, TARGET)
    assert done.place == f"https://github.com/me/models/releases/tag/{TAG}"
    published = github.published()[TAG]
    assets = github.assets(published)
    assert sorted(assets) == [
        "SHA256SUMS",
        "release.json",
        "sample-1.2.0-onnx-float32.tar.gz",
        "sample-1.2.0-tfjs-float32.tar.gz",
        "sample-1.2.0.tar.gz",
    ]
    for name, content in assets.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True)
    with tarfile.open(fileobj=io.BytesIO(assets["sample-1.2.0.tar.gz"])) as archive:
        archive.extractall(tmp_path / "whole", filter="data")
    assert files_below(tmp_path / "whole" / "sample-1.2.0") == files_below(packed)
    with tarfile.open(fileobj=io.BytesIO(assets["sample-1.2.0-tfjs-float32.tar.gz"])) as archive:
        names = archive.getnames()
    files = [path for path in files_below(packed) if path.startswith("tfjs-float32/")]
    assert names == [f"sample-1.2.0/{path}" for path in sorted(files)]
    assert published["name"] == "sample 1.2.0"
    assert published["body"] == (packed / "README.md").read_text()


def test_in_a_job_of_the_repository_the_tag_names_its_commit(packed, later, github, monkeypatch):
    monkeypatch.setenv("GITHUB_SHA", "0" * 40)
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/models")
    publish(packed, TARGET)
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/others")
    publish(later, TARGET)
    assert github.published()[TAG]["target_commitish"] == "0" * 40
    assert "target_commitish" not in github.published()["sample-v1.3.0"]


def test_the_second_time_nothing_is_sent(packed, github):
    publish(packed, TARGET)
    github.requests.clear()
    assert publish(packed, TARGET).state == "already published"
    assert {request.split()[0] for request in github.requests} == {"GET"}


def test_another_release_of_this_version_is_refused(packed, other, later, github):
    publish(packed, TARGET)
    with pytest.raises(DlconvError, match=f"{TAG} is another release already"):
        publish(other, TARGET)
    publish(later, TARGET)
    assert sorted(github.published()) == [TAG, "sample-v1.3.0"]


def test_a_release_that_others_made_is_left_alone(packed, github):
    github.releases[99] = {"draft": False, "tag_name": TAG, "assets": []}
    with pytest.raises(DlconvError, match="is something else already"):
        publish(packed, TARGET)


def test_a_dry_run_sends_nothing(packed, github):
    assert publish(packed, TARGET, dry_run=True).state == "to be published"
    assert {request.split()[0] for request in github.requests} == {"GET"}


def test_a_killed_one_shows_nothing_and_the_next_one_takes_its_draft_over(packed, other, github):
    kill_publish(other, TARGET, sent=2)
    assert not github.published()
    kill_publish(packed, TARGET, sent=3)
    assert not github.published()
    github.requests.clear()
    publish(packed, TARGET)
    uploads = [request for request in github.requests if "/uploads/" in request]
    assert len(uploads) == 2
    assert len(github.releases) == 1
    assert len(github.assets(github.published()[TAG])) == 5


def test_a_draft_that_another_job_left_gets_the_commit_of_this_one(packed, github, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/models")
    kill_publish(packed, TARGET, sent=2, GITHUB_SHA="a" * 40)
    assert [each["target_commitish"] for each in github.releases.values()] == ["a" * 40]
    monkeypatch.setenv("GITHUB_SHA", "b" * 40)
    publish(packed, TARGET)
    assert github.published()[TAG]["target_commitish"] == "b" * 40


def test_a_repository_that_is_not_there_is_said_before_anything_is_sent(packed, github):
    with pytest.raises(DlconvError, match="404 NOT FOUND.*check that the repository is there"):
        publish(packed, "github:me/modles", dry_run=True)


def test_trouble_of_the_server_passes(packed, github):
    github.troubles += [502, 503]
    publish(packed, TARGET)
    assert len(github.assets(github.published()[TAG])) == 5


def test_trouble_that_does_not_pass_is_said_in_one_line(packed, github):
    github.troubles += [502] * WITH_SERVICES.tries
    with pytest.raises(DlconvError, match=r"localhost:\d+: 502 BAD GATEWAY: Server Error \(hint"):
        publish(packed, TARGET)
    assert not github.published()


def test_a_server_that_is_not_there_is_said_in_one_line(packed, monkeypatch):
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with pytest.raises(DlconvError, match="cannot reach 127.0.0.1:9: Connection refused"):
        publish(packed, TARGET)


def test_a_token_that_is_not_accepted_is_said_and_not_shown(packed, github):
    wrong = "ghs_another-of-nobody"
    answer = run_publish(packed, TARGET, "--verbose", GITHUB_TOKEN=wrong)
    assert answer.returncode == 1
    assert "401 UNAUTHORIZED: Bad credentials (hint: check that" in answer.stderr
    assert wrong not in answer.stdout + answer.stderr


def test_what_is_logged_and_printed_does_not_show_the_token(packed, github):
    answer = run_publish(packed, TARGET, "--verbose")
    assert answer.returncode == 0, answer.stderr
    assert "POST /repos/me/models/releases" in answer.stderr
    assert TOKEN not in answer.stdout + answer.stderr
