"""Services whose answers are no JSON, or JSON of another form: one line that names them."""

import json
import re

import huggingface_hub.constants
import pytest
from werkzeug import Request, Response

from dlconv.errors import DlconvError
from dlconv.release.publish.publish import publish

ANSWERS = {
    "null": b"null",
    "a number": b"3",
    "a list": b"[]",
    "a list of lists": b"[[]]",
    "nothing in it": b"{}",
    "other fields": b'{"assets": [{"title": "release.json"}], "branches": 3, "annotations": [1]}',
    "other types": b'{"assets": {"name": 3}, "tags": {"a": 1}, "annotations": {"a": {}}}',
    "cut short": b'{"assets": [',
    "a page": b"<!doctype html>",
    "too deep": b"[" * 100_000,
    "no text": b'{"assets": "\xff"}',
}


@pytest.fixture
def service(httpserver, monkeypatch, tmp_path):
    """Answer all requests with the same bytes; return a target of each kind by its name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    url = httpserver.url_for("").rstrip("/")
    for name, value in {
        "GITHUB_API_URL": url,
        "GITHUB_TOKEN": "ghs_of-nobody-0123456789",
        "HF_ENDPOINT": url,
        "HF_TOKEN": "hf_of-nobody-0123456789",
    }.items():
        monkeypatch.setenv(name, value)
    return {
        "github": "github:me/models",
        "oci": f"oci:{url.partition('//')[2]}/models",
        "hf": "hf:me/models",
    }


def answering(httpserver, respond) -> None:
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(respond)


@pytest.mark.parametrize("kind", ["github", "oci", "hf"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_of_another_form_is_one_line(packed, httpserver, service, kind, answer):
    answering(httpserver, lambda _: Response(ANSWERS[answer], content_type="application/json"))
    with pytest.raises(DlconvError) as caught:
        publish(packed, service[kind], dry_run=True)
    if (kind, answer) == ("oci", "nothing in it"):
        assert "is something else already" in caught.value.message
        return
    named = "hf:me/models" if kind == "hf" else f"localhost:{httpserver.port}"
    assert caught.value.message.startswith(f"{named} gives an unexpected answer: ")
    assert caught.value.hint


@pytest.mark.parametrize("answer", ["null", "a list", "cut short", "a page", "too deep"])
def test_a_token_of_another_form_is_one_line(packed, httpserver, service, answer):
    def respond(request: Request) -> Response:
        if request.path == "/token":
            return Response(ANSWERS[answer], content_type="application/json")
        challenge = f'Bearer realm="{httpserver.url_for("/token")}",service="here"'
        return Response(json.dumps({}), 401, headers={"WWW-Authenticate": challenge})

    answering(httpserver, respond)
    with pytest.raises(
        DlconvError, match=f"^localhost:{httpserver.port} gives an unexpected answer"
    ):
        publish(packed, service["oci"], dry_run=True)


def test_a_draft_of_another_form_is_one_line(packed, httpserver, service):
    def respond(request: Request) -> Response:
        if "/tags/" in request.path:
            return Response("{}", 404)
        return Response("[{}]" if request.path.endswith("/releases") else "{}")

    answering(httpserver, respond)
    with pytest.raises(DlconvError, match="gives an unexpected answer: 0.url: Field"):
        publish(packed, service["github"])


@pytest.mark.parametrize("ours", [None, "mine", ["a"], {"model": None, "content_sha256": 3}])
def test_a_package_of_others_may_say_anything_of_itself(packed, httpserver, monkeypatch, ours):
    monkeypatch.setenv("NPM_TOKEN", "npm_of-nobody-0123456789")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", httpserver.url_for("/"))
    version = {"name": "theirs", "version": "1.2.0", "dlconv": ours}
    package = {"name": "theirs", "dist-tags": {"latest": "1.2.0"}, "versions": {"1.2.0": version}}
    answering(httpserver, lambda _: Response(json.dumps(package), content_type="application/json"))
    with pytest.raises(DlconvError, match=r"theirs@1\.2\.0 is .* already"):
        publish(packed, "npm:theirs", dry_run=True)
