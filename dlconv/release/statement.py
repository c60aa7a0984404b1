"""The evidence of a release as an in-toto statement, for those who keep attestations.

The subjects are all files of the artifacts; the predicate is a test result (version 0.1) whose
tests are the checks of each artifact in each runtime, and whose configuration is what they ran on:
the frozen graph and the photos. Its field ``dlconvEvidence`` extends it by the results in full, as
``release.json`` has them.
"""

import json
from typing import Any

from pydantic import TypeAdapter

from dlconv.release.document import Release
from dlconv.verify.document import Result

STATEMENT_NAME = "statement.intoto.json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"


def statement(release: Release) -> bytes:
    """Return the statement as it is stored."""
    content = {
        "_type": STATEMENT_TYPE,
        "subject": [
            _descriptor(file.path, file.sha256) for each in release.artifacts for file in each.files
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(release),
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _predicate(release: Release) -> dict[str, Any]:
    results = [result for each in release.artifacts for result in each.evidence]
    tests = [
        (
            f"{result.artifact} in {result.runtime.name} {result.runtime.backend}: {check.name}",
            check,
        )
        for result in results
        for check in result.checks
    ]
    failed = [name for name, check in tests if not check.passed]
    return {
        "result": "FAILED" if failed else "PASSED",
        "configuration": _configuration(release, results),
        "passedTests": [name for name, check in tests if check.passed],
        "failedTests": failed,
        "dlconvEvidence": TypeAdapter(list[Result]).dump_python(results, mode="json"),
    }


def _configuration(release: Release, results: list[Result]) -> list[dict[str, Any]]:
    model = release.model
    graph = _descriptor(f"frozen graph of {model.name}", model.graph_sha256)
    if model.url:
        graph["downloadLocation"] = model.url
    photos = {photo.sha256: photo.photo for result in results for photo in result.photos}
    return [graph, *(_descriptor(photos[digest], digest) for digest in sorted(photos))]


def _descriptor(name: str, sha256: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": sha256}}
