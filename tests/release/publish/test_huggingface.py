"""Publishing to a repository of the Hugging Face Hub."""

import huggingface_hub
import huggingface_hub.constants
import pytest
from support.hub import HubServer
from support.publishing import files_below, run_publish

from dlconv.errors import DlconvError
from dlconv.net.patience import WITH_SERVICES
from dlconv.release.document import read_release
from dlconv.release.pack import pack
from dlconv.release.publish.publish import publish

TARGET = "hf:me/models"
TOKEN = "hf_of-nobody-0123456789"


@pytest.fixture
def hub(httpserver, monkeypatch, tmp_path):
    server = HubServer(httpserver, TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    # The server knows Git LFS, which the library takes where there is no Xet.
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    return server


def in_release(files: dict[str, bytes]) -> dict[str, bytes]:
    return {
        path.removeprefix("release/"): content
        for path, content in files.items()
        if path.startswith("release/")
    }


def test_a_release_is_one_commit_and_a_tag(packed, hub):
    done = publish(packed, TARGET)
    assert done.place == f"{hub.url}/me/models/tree/v1.2.0"
    assert in_release(hub.files("v1.2.0")) == files_below(packed)
    assert len(hub.commits) == 2
    assert any(request.startswith("PUT /large/") for request in hub.requests)


def test_the_card_says_what_was_measured(packed, hub):
    publish(packed, TARGET)
    text = hub.files()["README.md"].decode()
    assert text.endswith(f"\n---\n\n{(packed / 'README.md').read_text()}")
    card = huggingface_hub.ModelCard(text).data
    assert card.license == "apache-2.0"
    assert card.pipeline_tag == "image-segmentation"
    assert {"onnx", "tensorflow.js"} <= {*card.tags}
    measured = {
        (each.dataset_config, each.metric_type): each.metric_value for each in card.eval_results
    }
    for artifact in read_release(packed).artifacts:
        (result,) = artifact.evidence
        where = f"{artifact.title}, {result.runtime.name} {result.runtime.backend}"
        assert measured[where, "accuracy"] == result.agreement.mean
        assert measured[where, "mean_iou"] == result.miou


def test_the_second_time_nothing_is_sent(packed, hub):
    publish(packed, TARGET)
    hub.requests.clear()
    assert publish(packed, TARGET).state == "already published"
    assert {request.split()[0] for request in hub.requests} == {"GET", "HEAD"}


def test_the_next_version_replaces_the_files_and_leaves_the_tag(packed, other, later, hub):
    publish(other, TARGET)
    with pytest.raises(DlconvError, match=r"v1\.2\.0 is another release already"):
        publish(packed, TARGET)
    publish(later, TARGET)
    assert in_release(hub.files("v1.2.0")) == files_below(other)
    assert in_release(hub.files()) == files_below(later)
    assert ".gitattributes" in hub.files()


def test_files_of_the_last_version_that_are_not_in_this_one_go(verified, packed, hub, tmp_path):
    publish(packed, TARGET)
    pack(verified[:1], "1.3.0", tmp_path / "smaller")
    publish(tmp_path / "smaller", TARGET)
    assert in_release(hub.files()) == files_below(tmp_path / "smaller")


def test_an_older_version_is_found_under_its_tag_and_main_stays(packed, other, later, hub):
    publish(later, TARGET)
    newest = hub.files()
    hub.troubles += [500] * WITH_SERVICES.tries
    with pytest.raises(DlconvError, match="500"):
        publish(other, TARGET)
    publish(other, TARGET)
    assert hub.files() == newest
    assert in_release(hub.files("v1.2.0")) == files_below(other)
    assert sorted(hub.tags) == ["v1.2.0", "v1.3.0"]
    assert list(hub.branches) == ["main"]


def test_another_model_is_refused(packed, another_model, hub):
    publish(packed, TARGET)
    with pytest.raises(DlconvError, match=f"^{TARGET} is for sample, not for city.*of its own"):
        publish(another_model, TARGET, dry_run=True)


def test_a_tag_that_others_set_is_left_alone(packed, later, hub):
    publish(later, TARGET)
    first = next(iter(hub.commits))
    hub.tags["v1.2.0"] = first
    with pytest.raises(DlconvError, match="is something else already"):
        publish(packed, TARGET)
    assert hub.tags["v1.2.0"] == first


def test_one_that_stopped_before_its_tag_is_finished(packed, hub):
    hub.troubles += [500] * WITH_SERVICES.tries
    with pytest.raises(DlconvError, match=f"^{TARGET}: .*500"):
        publish(packed, TARGET)
    assert not hub.tags
    assert publish(packed, TARGET).state == "published"
    assert in_release(hub.files("v1.2.0")) == files_below(packed)


def test_trouble_of_the_hub_passes(packed, hub):
    hub.troubles += [502, 503]
    assert publish(packed, TARGET).state == "published"
    assert in_release(hub.files("v1.2.0")) == files_below(packed)


def test_a_dry_run_sends_nothing(packed, hub):
    assert publish(packed, TARGET, dry_run=True).state == "to be published"
    assert not hub.branches


def test_what_is_logged_and_printed_does_not_show_the_token(packed, hub):
    answer = run_publish(packed, TARGET, "--verbose")
    assert answer.returncode == 0, answer.stderr
    assert "/api/models/me/models/commit/main" in answer.stderr
    assert TOKEN not in answer.stdout + answer.stderr


def test_a_token_that_is_not_accepted_is_said_and_not_shown(packed, hub):
    wrong = "hf_another-of-nobody"
    answer = run_publish(packed, TARGET, "--verbose", HF_TOKEN=wrong)
    assert answer.returncode == 1
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("error:")]
    assert "401" in line
    assert "HF_TOKEN may write" in line
    assert wrong not in answer.stdout + answer.stderr


def test_the_library_is_named_where_it_is_missing(packed, hub, tmp_path):
    (tmp_path / "huggingface_hub.py").write_text("raise ImportError")
    answer = run_publish(packed, TARGET, PYTHONPATH=str(tmp_path))
    assert answer.returncode == 1
    assert "pip install 'dlconv[huggingface]'" in answer.stderr
