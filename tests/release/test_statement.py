"""The evidence as in-toto's own library reads it."""

import json

from google.protobuf.json_format import Parse, ParseDict
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from dlconv.release.document import read_release
from dlconv.storage.files import digest_of


def test_it_is_a_statement_about_the_files_of_the_artifacts(packed):
    content = (packed / "statement.intoto.json").read_text()
    message = Parse(content, StatementMessage())
    Statement.copy_from_pb(message).validate()
    assert len(message.subject) == sum(len(each.files) for each in read_release(packed).artifacts)
    for subject in message.subject:
        assert digest_of(packed / subject.name) == subject.digest["sha256"]


def test_its_predicate_is_a_test_result_that_carries_the_evidence(packed):
    predicate = json.loads((packed / "statement.intoto.json").read_bytes())["predicate"]
    release = read_release(packed)
    evidence = predicate.pop("dlconvEvidence")
    assert [each["artifact"] for each in evidence] == [each.entry for each in release.artifacts]
    assert [each["agreement"]["mean"] for each in evidence] == [
        each.evidence[0].agreement.mean for each in release.artifacts
    ]
    result = ParseDict(predicate, test_result_pb2.TestResult())
    assert result.result == "PASSED"
    assert "onnx-float32/model.onnx in onnxruntime cpu: mean agreement" in result.passed_tests
    graph, *photos = result.configuration
    assert graph.digest["sha256"] == release.model.graph_sha256
    assert {photo.digest["sha256"] for photo in photos} == {
        photo.sha256 for photo in release.artifacts[0].evidence[0].photos
    }
