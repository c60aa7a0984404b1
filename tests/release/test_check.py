"""What a check finds in a release that is not as it was packed."""

import dataclasses
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlconv.artifacts.manifest import file_entry, read_artifact, write_manifest
from dlconv.errors import DlconvError
from dlconv.release.card import card
from dlconv.release.check import check_release
from dlconv.release.document import RELEASE_NAME, SUMS_NAME, as_json, content_digest, read_release
from dlconv.release.papers import PAPERS
from dlconv.release.sums import sums
from dlconv.verify.document import File

ODD = [None, True, [], {}, "", "../../x", "\0", "x" * 5000, -1, 10**400, 1e308, "https://[::1"]


def said(folder):
    return [str(problem) for problem in check_release(folder)]


def store(folder, release):
    """Write another release.json, with papers and SHA256SUMS so that the bytes alone look right."""
    for name, write in PAPERS.items():
        (folder / name).write_bytes(write(release))
    papers = {name: file_entry(folder / name) for name in PAPERS}
    papers = {name: File(name, each.bytes, each.sha256) for name, each in papers.items()}
    files = [papers.get(file.path, file) for file in release.files]
    release = dataclasses.replace(release, files=files)
    (folder / RELEASE_NAME).write_bytes(as_json(release))
    (folder / SUMS_NAME).write_bytes(sums(folder))


def with_result(release, **changes):
    """The release whose first artifact has its first result changed."""
    first, *others = release.artifacts
    result = dataclasses.replace(first.evidence[0], **changes)
    first = dataclasses.replace(first, evidence=[result])
    return dataclasses.replace(release, artifacts=[first, *others])


def test_nothing_is_wrong_with_a_release(packed):
    assert check_release(packed) == ()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found_and_its_file_named(signed, data):
    paths = sorted(path for path in signed.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(paths))
    kept = path.read_bytes()
    offset = data.draw(st.integers(0, len(kept) - 1))
    mask = data.draw(st.integers(1, 255))
    path.write_bytes(kept[:offset] + bytes([kept[offset] ^ mask]) + kept[offset + 1 :])
    try:
        name = path.relative_to(signed).as_posix()
        assert any(name in problem for problem in said(signed))
    finally:
        path.write_bytes(kept)


def test_digests_paths_and_blanks_of_the_list_of_sums_count(release):
    path = release / SUMS_NAME
    kept = path.read_bytes()
    for offset in range(0, len(kept), 13):
        path.write_bytes(kept[:offset] + bytes([kept[offset] ^ 1]) + kept[offset + 1 :])
        assert any(SUMS_NAME in problem for problem in said(release)), offset
    path.write_bytes(kept + b"\n")
    assert said(release) == ["SHA256SUMS: is not written as sha256sum writes it"]


def test_a_file_that_is_missing_or_too_many_is_named(release):
    (release / "onnx-float32" / "model.onnx").unlink()
    (release / "tfjs-float32" / "evil.js").write_text("alert(1)")
    assert said(release) == [
        "onnx-float32/model.onnx: is missing",
        "tfjs-float32/evil.js: is not of the release",
    ]
    (release / SUMS_NAME).write_bytes(sums(release))
    assert said(release) == [
        "onnx-float32/model.onnx: is missing",
        "tfjs-float32/evil.js: is not of the release",
    ]


def test_a_name_that_is_no_text_is_said(release):
    Path(os.fsdecode(bytes(release) + b"/caf\xe9.js")).write_text("alert(1)")
    assert said(release) == ["caf\\udce9.js: is not of the release"]
    (release / SUMS_NAME).write_bytes(sums(release))
    subprocess.run(["sha256sum", "--check", "--strict", SUMS_NAME], cwd=release, check=True)
    assert said(release) == ["caf\\udce9.js: is not of the release"]
    for options in ([], ["--json"]):
        command = [sys.executable, "-m", "dlconv", "check", release, *options]
        called = subprocess.run(command, capture_output=True, text=True)
        assert called.returncode == 1
        assert called.stderr.endswith("wrong: caf\\udce9.js: is not of the release\n")


@pytest.mark.parametrize("name", [RELEASE_NAME, SUMS_NAME])
def test_a_missing_list_is_named(release, name):
    (release / name).unlink()
    assert f"{name}: is missing" in said(release)[0]


def test_links_are_no_files_of_a_release(release, tmp_path):
    secret = tmp_path / "secret"
    model = release / "onnx-float32" / "model.onnx"
    model.replace(secret)
    model.symlink_to(secret)
    (release / "more").symlink_to(tmp_path)
    found = said(release)
    assert "more: is neither a file nor a folder, which a release does not hold" in found
    assert any(each.startswith("onnx-float32/model.onnx: is neither a file") for each in found)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "a\\b", "./a", ""])
def test_paths_that_leave_the_folder_are_found(release, path):
    before = read_release(release)
    stranger = dataclasses.replace(before.artifacts[0].files[0], path=path)
    store(release, dataclasses.replace(before, files=[*before.files, stranger]))
    assert f"release.json: names {path!r}, which is outside the release" in said(release)


def test_an_artifact_outside_the_folder_is_not_read(release):
    before = read_release(release)
    first, *others = before.artifacts
    moved = dataclasses.replace(first, path="../x", entry="../x/model.onnx")
    store(release, dataclasses.replace(before, artifacts=[moved, *others]))
    assert "release.json: ../x/model.onnx is not a file of ../x" in said(release)


def test_what_is_not_of_the_schema_is_said(release):
    path = release / RELEASE_NAME
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps({**content, "rating": 5}))
    assert "release.json: is not a release of this dlconv: rating: Unexpected" in said(release)[0]
    path.write_bytes(b"\xff" * 100)
    assert "release.json: is not a release of this dlconv" in said(release)[0]


def test_the_manifest_beside_an_artifact_is_the_one_in_the_release(release):
    before = read_release(release)
    first, *others = before.artifacts
    manifest = dataclasses.replace(first.manifest, versions={})
    changed = dataclasses.replace(first, manifest=manifest)
    store(release, dataclasses.replace(before, artifacts=[changed, *others]))
    assert said(release) == [
        "onnx-float32/manifest.json: is not the manifest that release.json holds"
    ]


def test_a_digest_of_the_content_that_is_not_its_own_is_found(release):
    store(release, dataclasses.replace(read_release(release), content_sha256="0" * 64))
    assert said(release) == [
        "release.json: content_sha256 is not that of the files it lists",
    ]


def test_evidence_for_other_bytes_is_none(release):
    before = read_release(release)
    files = before.artifacts[0].evidence[0].files
    older = [dataclasses.replace(file, sha256="0" * 64) for file in files]
    store(release, with_result(before, files=older))
    assert said(release) == [
        "onnx-float32/model.onnx: the evidence in onnxruntime cpu is for other bytes"
    ]


def test_evidence_of_another_kind_of_artifact_is_none(release):
    store(release, with_result(read_release(release), precision="uint8"))
    assert said(release) == [
        "onnx-float32/model.onnx: the evidence in onnxruntime cpu is of another model, target or "
        "precision"
    ]


@pytest.mark.parametrize(
    "changes",
    [{"url": "https://example.org/other.tar.gz"}, {"classes": ("cat", "dog")}, {"crop": (7, 7)}],
)
def test_the_model_is_the_one_of_the_manifests(release, changes):
    before = read_release(release)
    model = dataclasses.replace(before.model, **changes)
    store(release, dataclasses.replace(before, model=model))
    assert said(release) == ["release.json: its model is not what the artifacts were made from"]


def test_evidence_older_than_the_artifact_does_not_count_whatever_the_clock_says(release):
    model = release / "onnx-float32" / "model.onnx"
    model.write_bytes(model.read_bytes() + onnx.ModelProto(doc_string="x").SerializeToString())
    manifest = model.with_name("manifest.json")
    manifest.unlink()
    before = read_release(release)
    first, *others = before.artifacts
    write_manifest(first.manifest, model.parent, manifest)
    for path in (model, manifest):
        os.utime(path, (0, 0))
    again = read_artifact(model.parent)
    files = [File(f"{first.path}/{each.path}", each.bytes, each.sha256) for each in again.all_files]
    first = dataclasses.replace(first, manifest=again.manifest, files=files)
    made = dataclasses.replace(
        before, artifacts=[first, *others], content_sha256=content_digest([first, *others])
    )
    store(release, made)
    assert said(release) == [
        "onnx-float32/model.onnx: the evidence in onnxruntime cpu is for other bytes"
    ]


def test_a_file_that_an_entry_reads_and_its_manifest_leaves_out_is_named(release):
    tfjs = release / "tfjs-float32"
    before = read_release(release)
    first, artifact = before.artifacts
    manifest = json.loads((tfjs / "manifest.json").read_text())
    manifest["files"] = [each for each in manifest["files"] if each["path"] == "model.json"]
    (tfjs / "manifest.json").write_text(json.dumps(manifest))
    (tfjs / "group1-shard1of1.bin").unlink()
    again = read_artifact(tfjs)
    files = [File(f"{artifact.path}/{e.path}", e.bytes, e.sha256) for e in again.all_files]
    result = dataclasses.replace(
        artifact.evidence[0], files=[File(e.path, e.bytes, e.sha256) for e in again.all_files]
    )
    changed = dataclasses.replace(artifact, manifest=again.manifest, files=files, evidence=[result])
    digest = content_digest([first, changed])
    store(release, dataclasses.replace(before, artifacts=[first, changed], content_sha256=digest))
    assert said(release) == [
        "tfjs-float32/model.json: reads group1-shard1of1.bin, which its manifest does not list"
    ]


def test_evidence_of_another_artifact_is_none(release):
    store(release, with_result(read_release(release), artifact="../../x"))
    assert said(release) == [
        "onnx-float32/model.onnx: the evidence in onnxruntime cpu is for ../../x"
    ]


def test_a_release_json_that_nests_deep_is_said(release):
    (release / RELEASE_NAME).write_text("[" * 200_000)
    assert "release.json: is not a release of this dlconv" in said(release)[0]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_release_json_holds_nothing_but_problems_comes_out(release, packed, data):
    content = json.loads((packed / RELEASE_NAME).read_bytes())
    place = content
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(2)))
        if not (isinstance(place[key], dict | list) and len(place[key]) > 1) or data.draw(
            st.booleans()
        ):
            break
        place = place[key]
    place[key] = data.draw(st.sampled_from(ODD) | st.text() | st.integers() | st.floats())
    (release / RELEASE_NAME).write_text(json.dumps(content))
    (release / SUMS_NAME).write_bytes(sums(release))
    problems = said(release)
    with suppress(DlconvError):
        found = read_release(release)
        assert problems or content == json.loads((packed / RELEASE_NAME).read_bytes())
        assert card(found)


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000])
def test_a_name_that_is_no_path_is_said(tmp_path, name):
    with pytest.raises(DlconvError, match="File name too long"):
        check_release(tmp_path / name)


def test_in_a_folder_of_releases_they_are_named(release):
    with pytest.raises(DlconvError) as caught:
        check_release(release.parent)
    assert caught.value.message == f"there is no release at {release.parent}"
    assert caught.value.hint == f"name the folder of a release, such as {release}"


def test_the_folder_has_to_hold_a_release(tmp_path):
    with pytest.raises(DlconvError, match="there is no release at"):
        check_release(tmp_path)


def test_it_takes_no_tensorflow(packed):
    code = (
        "import sys; from pathlib import Path; from dlconv.cli import app\n"
        "try: app(['check', sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(packed)], check=True)


def test_the_command_tells_people_and_scripts(release):
    def call(*arguments):
        command = [sys.executable, "-m", "dlconv", "check", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True)

    called = call(release)
    assert called.returncode == 0
    assert "onnx-float32" in called.stdout
    assert json.loads(call(release, "--json").stdout) == {"passed": True, "problems": []}
    (release / "tfjs-float32" / "model.json").unlink()
    called = call(release / RELEASE_NAME, "--json")
    assert called.returncode == 1
    assert called.stderr.endswith("wrong: tfjs-float32/model.json: is missing\n")
    assert json.loads(called.stdout) == {
        "passed": False,
        "problems": [{"path": "tfjs-float32/model.json", "what": "is missing"}],
    }
