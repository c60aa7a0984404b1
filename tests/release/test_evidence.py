"""What verify measured stays with the bytes it was measured on."""

import dataclasses
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from dlconv.artifacts.manifest import read_artifact
from dlconv.errors import DlconvError
from dlconv.release import evidence
from dlconv.release.evidence import evidence_for, evidence_path, keep_evidence
from dlconv.verify.floors import NO_FLOORS_GIVEN, floors_for
from dlconv.verify.result import ArtifactResult, Check


def _result(artifact, runtime, backend="cpu", failure=None) -> ArtifactResult:
    floors = floors_for(artifact, NO_FLOORS_GIVEN)
    return ArtifactResult(artifact, runtime, backend, {}, floors, (), (Check("runs", failure),))


@pytest.fixture
def artifact(verified, tmp_path):
    """An artifact of one's own without evidence."""
    return read_artifact(shutil.copytree(verified[0].directory, tmp_path / "onnx"))


def test_a_later_result_takes_the_place_of_one_in_the_same_runtime(artifact):
    keep_evidence([_result(artifact, "ort-web", "wasm"), _result(artifact, "onnxruntime")])
    keep_evidence([_result(artifact, "onnxruntime", failure="it does not")])
    kept = evidence_for(artifact)
    assert [(each.runtime.name, each.passed) for each in kept] == [
        ("onnxruntime", False),
        ("ort-web", True),
    ]
    assert json.loads(evidence_path(artifact).read_bytes())["passed"] is False


def test_results_of_older_bytes_go(artifact):
    keep_evidence([_result(artifact, "ort-web", "wasm")])
    artifact.manifest_path.write_bytes(artifact.manifest_path.read_bytes() + b"\n")
    assert evidence_for(artifact) == []
    keep_evidence([_result(artifact, "onnxruntime")])
    assert [each.runtime.name for each in evidence_for(artifact)] == ["onnxruntime"]


def test_a_comparison_with_another_graph_is_no_evidence(artifact):
    source = dataclasses.replace(artifact.manifest.source, graph_sha256="0" * 64)
    manifest = dataclasses.replace(artifact.manifest, source=source)
    keep_evidence([_result(dataclasses.replace(artifact, manifest=manifest), "onnxruntime")])
    assert not evidence_path(artifact).exists()


def test_what_is_no_report_is_named(artifact, tmp_path):
    report = tmp_path / "report.json"
    report.write_text("{}")
    with pytest.raises(DlconvError, match=r"report\.json is not a report of this dlconv"):
        evidence_for(artifact, [report])


def test_of_two_that_keep_some_at_once_both_stay(artifact, monkeypatch):
    begun, may_end, write = Event(), Event(), evidence.for_json

    def write_slowly(document):
        begun.set()
        may_end.wait(20)
        return write(document)

    monkeypatch.setattr(evidence, "for_json", write_slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(keep_evidence, [_result(artifact, "ort-web", "wasm", "it does not")])
        assert begun.wait(20)
        second = pool.submit(keep_evidence, [_result(artifact, "onnxruntime")])
        time.sleep(0.5)
        may_end.set()
        first.result()
        second.result()
    assert [each.runtime.name for each in evidence_for(artifact)] == ["onnxruntime", "ort-web"]
