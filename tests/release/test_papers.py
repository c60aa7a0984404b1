"""What is written about a release says what its release.json says."""

import dataclasses
import hashlib
import json

import pytest

from dlconv.release.check import check_release
from dlconv.release.document import RELEASE_NAME, SUMS_NAME, as_json, read_release
from dlconv.release.papers import PAPERS, is_card_compared
from dlconv.release.sums import sums
from dlconv.verify.document import File


def said(folder):
    return [str(problem) for problem in check_release(folder)]


def forge(folder, name, content):
    """Write another paper, and lists that agree with it."""
    (folder / name).write_bytes(content)
    release = read_release(folder)
    forged = File(name, len(content), hashlib.sha256(content).hexdigest())
    files = [forged if file.path == name else file for file in release.files]
    (folder / RELEASE_NAME).write_bytes(as_json(dataclasses.replace(release, files=files)))
    (folder / SUMS_NAME).write_bytes(sums(folder))


def replaced(folder, name, old, new):
    content = (folder / name).read_bytes()
    assert old in content
    forge(folder, name, content.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (
            "README.md",
            b"Licence of the weights: Apache",
            b"Licence of the weights: MIT, not Apache",
        ),
        ("README.md", b"passed", b"passed and blessed"),
        ("statement.intoto.json", b"onnx-float32/model.onnx", b"../../x"),
        ("statement.intoto.json", b'"result": "PASSED"', b'"result": "FAILED"'),
        ("statement.intoto.json", b"predicateType", b"predicatetype"),
        ("bom.cdx.json", b'"name": "onnx-float32/model.onnx"', b'"name": "../../x"'),
        ("bom.cdx.json", b"Apache-2.0", b"MIT"),
        ("bom.cdx.json", b'"1.2.0"', b'"1.2.1"'),
    ],
)
def test_a_paper_that_says_something_else_is_found(release, name, old, new):
    replaced(release, name, old, new)
    assert said(release) == [f"{name}: does not say what release.json says"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"null", b"[" * 200_000, b"{}"])
@pytest.mark.parametrize("name", sorted(PAPERS))
def test_a_paper_that_is_none_is_found(release, name, content):
    forge(release, name, content)
    assert said(release) == [f"{name}: does not say what release.json says"]


def test_release_json_that_says_something_else_than_its_papers_is_found(release):
    before = read_release(release)
    model = dataclasses.replace(before.model, licence="MIT")
    (release / RELEASE_NAME).write_bytes(as_json(dataclasses.replace(before, model=model)))
    (release / SUMS_NAME).write_bytes(sums(release))
    assert said(release) == [
        "README.md: does not say what release.json says",
        "bom.cdx.json: does not say what release.json says",
    ]


def test_what_another_version_of_the_library_writes_differently_is_no_matter(release):
    content = json.loads((release / "bom.cdx.json").read_bytes())
    content["$schema"] = "http://cyclonedx.org/schema/bom-1.6.1.schema.json"
    content["components"].reverse()
    for component in content["components"]:
        if "licenses" in component:
            component["licenses"] = [{"license": {"name": "Apache-2.0"}}]
    forge(release, "bom.cdx.json", json.dumps(content).encode())
    assert said(release) == []


def test_the_words_of_another_version_s_card_are_not_compared(release, monkeypatch):
    replaced(release, "README.md", b"This network segments photos", b"It segments photos")
    assert said(release) == ["README.md: does not say what release.json says"]
    assert is_card_compared(read_release(release))
    monkeypatch.setattr("dlconv.__version__", "99.0.0")
    assert said(release) == []
    assert not is_card_compared(read_release(release))


@pytest.mark.parametrize("name", ["../../x", "a/b", "", ".."])
def test_names_that_are_paths_are_found(release, name):
    before = read_release(release)
    for changed in ({"name": name}, {"version": name}):
        changed = dataclasses.replace(before, **changed)
        (release / RELEASE_NAME).write_bytes(as_json(changed))
        assert f"release.json: {name!r} is not a valid folder name" in said(release)
