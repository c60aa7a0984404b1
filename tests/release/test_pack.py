"""What gets into a release, and what does not."""

import dataclasses
import json
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from jsonschema import Draft202012Validator
from support.publishing import files_below

from dlconv.artifacts.choose import choose_artifacts
from dlconv.artifacts.manifest import read_artifact
from dlconv.errors import DlconvError, UsageError
from dlconv.registry.models import load_registry
from dlconv.release.document import json_schema, listed_files, read_release
from dlconv.release.evidence import evidence_path
from dlconv.release.pack import PAPERS, pack


def test_a_release_holds_the_artifacts_and_what_was_measured_on_their_bytes(release, verified):
    found = read_release(release)
    assert [each.path for each in found.artifacts] == ["onnx-float32", "tfjs-float32"]
    for released, artifact in zip(found.artifacts, verified, strict=True):
        (result,) = released.evidence
        assert result.passed
        assert {file.sha256 for file in result.files} == {file.sha256 for file in released.files}
        assert (release / released.entry).read_bytes() == artifact.entry.read_bytes()
    assert found.model.licence == "Apache-2.0"
    assert "nobody's photos" in found.model.dataset_terms
    assert found.artifacts[1].command == "dlconv tfjs sample"


def test_sha256sum_checks_it(release):
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=release, check=True)


def test_the_same_artifacts_and_evidence_give_the_same_bytes(verified, tmp_path):
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        pack(verified, "1", folder)
    files = [
        {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        for folder in folders
    ]
    assert files[0] == files[1]


def test_what_did_not_pass_or_is_not_verified_stays_out(verified, tmp_path):
    evidence = evidence_path(verified[0])
    kept = evidence.read_bytes()
    report = json.loads(kept)
    report["results"][0].update(passed=False, failures=["mean agreement 0.5 is below the floor"])
    try:
        evidence.write_text(json.dumps(report))
        with pytest.raises(DlconvError, match="did not pass in onnxruntime cpu: mean agreement"):
            pack(verified, "1", tmp_path / "release")
        evidence.unlink()
        with pytest.raises(DlconvError, match="is not verified as it is"):
            pack(verified, "1", tmp_path / "release")
    finally:
        evidence.write_bytes(kept)
    assert not (tmp_path / "release").exists()


def test_a_report_that_passed_does_not_hide_a_failure(verified, tmp_path):
    evidence = evidence_path(verified[0])
    kept = evidence.read_bytes()
    report = json.loads(kept)
    report["results"][0].update(passed=False, failures=["mean agreement 0.5 is below the floor"])
    older = tmp_path / "older.json"
    older.write_bytes(kept)
    try:
        evidence.write_text(json.dumps(report))
        with pytest.raises(DlconvError, match="did not pass in onnxruntime cpu: mean agreement"):
            pack(verified, "1", tmp_path / "release", reports=[older])
    finally:
        evidence.write_bytes(kept)


def test_of_two_reports_that_passed_the_later_is_kept(verified, tmp_path):
    report = json.loads(evidence_path(verified[0]).read_bytes())
    report["results"][0]["runtime"]["versions"] = {"onnxruntime": "99"}
    later = tmp_path / "later.json"
    later.write_text(json.dumps(report))
    first = pack(verified, "1", tmp_path / "release", reports=[later]).artifacts[0]
    assert [each.runtime.versions for each in first.evidence] == [{"onnxruntime": "99"}]


def test_evidence_whose_numbers_fall_short_is_refused_whatever_it_says(verified, tmp_path):
    evidence = evidence_path(verified[0])
    kept = evidence.read_bytes()
    report = json.loads(kept)
    report["results"][0]["photos"][0].update(differing_pixels=9000, agreement=0.999)
    try:
        evidence.write_text(json.dumps(report))
        with pytest.raises(DlconvError, match="would not be right: onnx-float32/model.onnx"):
            pack(verified, "1", tmp_path / "release")
    finally:
        evidence.write_bytes(kept)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [0, 2_000_000_000])
def test_evidence_for_other_bytes_does_not_count_whatever_the_clock_says(
    verified, tmp_path, seconds
):
    artifact = verified[1]
    kept = artifact.manifest_path.read_bytes()
    try:
        artifact.manifest_path.write_bytes(kept + b"\n")
        os.utime(artifact.manifest_path, (seconds, seconds))
        with pytest.raises(DlconvError, match="is not verified as it is"):
            pack([read_artifact(artifact.directory)], "1", tmp_path / "release")
    finally:
        artifact.manifest_path.write_bytes(kept)


def test_a_folder_of_something_else_is_left_alone(verified, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not a release"):
        pack(verified, "1", tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_folder_with_another_tools_release_json_is_left_alone(verified, tmp_path):
    website = {"release.json": b'{"site": "2.0"}', "index.html": b"<h1>years of work</h1>"}
    for name, content in website.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match="is not a release"):
        pack(verified, "1", tmp_path)
    assert files_below(tmp_path) == website


@pytest.mark.parametrize("name", ["sample/model.sig", "notes.txt", "tfjs-float32/mine.js"])
def test_a_release_with_something_else_in_it_is_left_alone(verified, release, name):
    (release / name).parent.mkdir(exist_ok=True)
    (release / name).write_text("not to be lost")
    before = files_below(release)
    with pytest.raises(UsageError, match=rf"holds {name}, which is not of .* \(hint: move it away"):
        pack(verified, "2", release)
    assert files_below(release) == before


def test_a_link_in_a_release_is_something_else(verified, release, tmp_path):
    (release / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(UsageError, match="holds elsewhere"):
        pack(verified, "2", release)


def test_a_release_takes_the_place_of_another_with_its_signature(verified, signed):
    pack(verified[:1], "2", signed)
    assert read_release(signed).version == "2"
    assert not (signed / "model.sig").exists()
    assert not (signed / "tfjs-float32").exists()


def test_what_a_killed_one_left_goes(verified, packed, tmp_path):
    shutil.copytree(packed, tmp_path / ".release-0123456789abcdef")
    pack(verified, "1", tmp_path / "release")
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_a_signed_release_that_stood_aside_is_put_back(verified, signed, tmp_path):
    before = files_below(signed)
    signed.rename(signed.with_name(".release-0123456789abcdef.old"))
    with pytest.raises(DlconvError, match="cannot read"):
        pack(verified, "2", signed, reports=[tmp_path / "missing"])
    assert files_below(signed) == before


def test_one_that_fails_leaves_no_folder_that_it_made(verified, tmp_path):
    with pytest.raises(DlconvError, match="cannot read"):
        pack(verified, "2", tmp_path / "new" / "release", reports=[tmp_path / "missing"])
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def slow_card(monkeypatch):
    """A card whose writing tells that it has begun, and waits until it may end."""
    begun, may_end = Event(), Event()

    def write_slowly(release):
        begun.set()
        may_end.wait(20)
        return b"# A card"

    monkeypatch.setitem(PAPERS, "README.md", write_slowly)
    return begun, may_end


def test_from_two_machines_at_once_one_waits(verified, tmp_path, monkeypatch, slow_card):
    begun, may_end = slow_card
    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "one machine"))
        first = pool.submit(pack, verified, "1", tmp_path / "to" / "release")
        assert begun.wait(20)
        monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "another"))
        second = pool.submit(pack, verified, "2", tmp_path / "to" / "release")
        time.sleep(0.5)
        may_end.set()
        assert [first.result().version, second.result().version] == ["1", "2"]
    assert read_release(tmp_path / "to" / "release").version == "2"
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["release"]


def test_what_another_is_writing_stays(verified, tmp_path, slow_card):
    begun, may_end = slow_card
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(pack, verified, "1", tmp_path / "release")
        assert begun.wait(20)
        second = pool.submit(pack, verified, "2", tmp_path / "release")
        time.sleep(0.5)
        may_end.set()
        assert [first.result().version, second.result().version] == ["1", "2"]
    assert read_release(tmp_path / "release").version == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_the_working_folder_is_not_replaced(verified, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is the folder you are in"):
        pack(verified, "1", Path())


def test_a_target_that_the_disk_does_not_take_is_said(verified, tmp_path):
    with pytest.raises(DlconvError, match="File name too long"):
        pack(verified, "1", tmp_path / ("x" * 300))


@pytest.mark.parametrize("version", ["", "../up", "1 2", "x" * 65])
def test_versions_are_names_of_folders(verified, tmp_path, version):
    with pytest.raises(UsageError, match="invalid version"):
        pack(verified, version, tmp_path / "release")


def test_its_schema_holds_for_what_is_written_and_every_field_is_described(release):
    Draft202012Validator.check_schema(json_schema())
    validator = Draft202012Validator(json_schema())
    content = json.loads((release / "release.json").read_bytes())
    validator.validate(content)
    assert not validator.is_valid({**content, "rating": 5})
    assert not validator.is_valid({**content, "artifacts": [{"path": "x"}]})
    own = ("Release", "Released", "Model", "Result", "File", "Runtime", "Floors", "Photo")
    records = {"Release": json_schema(), **json_schema()["$defs"]}
    for name in own:
        for field, described in records[name]["properties"].items():
            assert described.get("description"), f"{name}.{field}"


def test_it_lists_every_file_but_itself_and_the_sums(release):
    listed = {file.path for file in listed_files(read_release(release))}
    found = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    assert found - listed == {"release.json", "SHA256SUMS"}
    assert listed < found


def test_a_graph_called_as_a_known_model_does_not_get_its_licence(verified, tmp_path):
    known = dataclasses.replace(load_registry().models["sample"], url="https://example.org/other")
    assert pack(verified, "1", tmp_path / "release", known).model.licence == ""


def test_what_lies_beside_artifacts_is_passed_over(verified):
    named = sorted(verified[0].directory.parent.iterdir())
    assert any(path.is_file() for path in named)
    assert len(choose_artifacts(named)) == len(verified)
