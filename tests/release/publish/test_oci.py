"""Publishing to an OCI registry that runs here."""

import oras.client
import pytest
import requests
from support.publishing import files_below, kill_publish, run_publish
from support.registry import PASSWORD, USER, needs_registry, registry

from dlconv.errors import DlconvError
from dlconv.release.publish.publish import publish

pytestmark = needs_registry


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A registry that asks for an account."""
    with registry(tmp_path_factory.mktemp("guarded"), with_account=True) as host:
        yield host


@pytest.fixture(autouse=True)
def no_docker(tmp_path, monkeypatch):
    """Whoever runs the tests may be logged in somewhere."""
    monkeypatch.setenv("HOME", str(tmp_path))


def pull(place, folder):
    oras.client.OrasClient(insecure=True).pull(place, outdir=str(folder))
    return files_below(folder)


def test_oras_pull_gives_the_folder_again(packed, host, tmp_path):
    done = publish(packed, f"oci:{host}/models/sample")
    assert done.place == f"{host}/models/sample:1.2.0"
    assert pull(done.place, tmp_path / "pulled") == files_below(packed)


def test_the_manifest_says_what_it_is(packed, host):
    publish(packed, f"oci:{host}/said")
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    manifest = requests.get(f"http://{host}/v2/said/manifests/1.2.0", headers=accept).json()
    assert manifest["artifactType"] == "application/vnd.dlconv.release.v1"
    assert manifest["annotations"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    kinds = {
        each["annotations"]["org.opencontainers.image.title"]: each["mediaType"]
        for each in manifest["layers"]
    }
    assert kinds["release.json"] == "application/json"
    assert kinds["onnx-float32/model.onnx"] == "application/octet-stream"


def test_the_second_time_nothing_is_sent_and_another_release_is_refused(packed, other, host):
    target = f"oci:{host}/twice"
    assert publish(packed, target, dry_run=True).state == "to be published"
    assert publish(packed, target).state == "published"
    sent = []
    again = publish(packed, target, progress=lambda *piece: sent.append(piece))
    assert again.state == "already published"
    assert not sent
    with pytest.raises(DlconvError, match=r"twice:1\.2\.0 is another release already"):
        publish(other, target)


def test_another_model_is_refused(packed, later, another_model, host):
    target = f"oci:{host}/one/model"
    publish(another_model, target)
    for release in (packed, later):
        with pytest.raises(DlconvError, match=f"^{target} is for city, not for sample"):
            publish(release, target, dry_run=True)


def test_a_killed_one_leaves_the_last_release(packed, later, host, tmp_path):
    target = f"oci:{host}/killed"
    publish(packed, target)
    kill_publish(later, target, sent=3)
    assert requests.get(f"http://{host}/v2/killed/tags/list").json()["tags"] == ["1.2.0"]
    publish(later, target)
    assert pull(f"{host}/killed:1.3.0", tmp_path / "later") == files_below(later)
    assert pull(f"{host}/killed:1.2.0", tmp_path / "packed") == files_below(packed)


def test_an_image_of_others_is_left_alone(packed, host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis.txt").write_text("years of work")
    client = oras.client.OrasClient(insecure=True)
    client.push(f"{host}/others:1.2.0", files=["thesis.txt"])
    with pytest.raises(DlconvError, match="is something else already"):
        publish(packed, f"oci:{host}/others")


def test_an_account_comes_from_the_environment_and_is_not_shown(packed, guarded):
    account = {"ORAS_USER": USER, "ORAS_PASS": PASSWORD}
    answer = run_publish(packed, f"oci:{guarded}/sample", "--verbose", **account)
    assert answer.returncode == 0, answer.stderr
    assert "/v2/sample/manifests/1.2.0" in answer.stderr
    assert PASSWORD not in answer.stdout + answer.stderr


def test_an_account_that_is_missing_or_wrong_is_said_in_one_line(packed, guarded, monkeypatch):
    with pytest.raises(DlconvError, match=r"asks for an account \(hint: set ORAS_USER"):
        publish(packed, f"oci:{guarded}/sample")
    monkeypatch.setenv("ORAS_USER", USER)
    monkeypatch.setenv("ORAS_PASS", "not-the-password")
    with pytest.raises(DlconvError, match="401 Unauthorized: authentication required"):
        publish(packed, f"oci:{guarded}/sample")


def test_a_registry_that_is_not_there_is_said_in_one_line(packed):
    with pytest.raises(DlconvError, match="cannot reach 127.0.0.1:9: Connection refused"):
        publish(packed, "oci:127.0.0.1:9/sample")


def test_the_library_is_named_where_it_is_missing(packed, host, tmp_path):
    (tmp_path / "oras.py").write_text("raise ImportError")
    answer = run_publish(packed, f"oci:{host}/sample", PYTHONPATH=str(tmp_path))
    assert answer.returncode == 1
    assert "pip install 'dlconv[oci]'" in answer.stderr
