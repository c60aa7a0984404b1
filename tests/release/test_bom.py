"""The bill of materials, as CycloneDX's own validator and library read it."""

import dataclasses
import json

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dlconv.errors import DlconvError
from dlconv.release.bom import bom
from dlconv.release.document import read_release
from dlconv.storage.files import digest_of


@pytest.fixture
def content(packed):
    return json.loads((packed / "bom.cdx.json").read_bytes())


def test_it_is_a_valid_document_that_the_library_reads(packed, content):
    text = (packed / "bom.cdx.json").read_text()
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace("machine-learning-model", "spell")) is not None
    for component in content["components"]:
        component.pop("modelCard", None)  # the library does not know them yet
    read = Bom.from_json(content)
    assert str(read.serial_number) == content["serialNumber"].removeprefix("urn:uuid:")


def test_it_lists_model_data_tools_and_every_file(packed, content):
    release = read_release(packed)
    kinds = {each["name"]: each["type"] for each in content["components"]}
    assert kinds == {
        "onnx-float32": "machine-learning-model",
        "tfjs-float32": "machine-learning-model",
        "sample": "machine-learning-model",
        "Generated shapes": "data",
    }
    files = [file for each in content["components"] for file in each.get("components", [])]
    assert {file["name"] for file in files} == {
        file.path for each in release.artifacts for file in each.files
    }
    for file in files:
        assert file["hashes"] == [{"alg": "SHA-256", "content": digest_of(packed / file["name"])}]
    tools = {each["name"]: each["version"] for each in content["metadata"]["tools"]["components"]}
    assert {"dlconv", "onnx", "onnxruntime", "tfjs", "node"} <= set(tools)
    assert "threads" not in tools
    assert content["metadata"]["component"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]


def test_what_was_measured_is_in_the_model_cards(packed, content):
    first = read_release(packed).artifacts[0]
    (card,) = [each["modelCard"] for each in content["components"] if each["name"] == first.path]
    metrics = card["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics[0] == {
        "type": "agreement with the frozen graph, mean of the photos",
        "value": str(first.evidence[0].agreement.mean),
        "slice": "onnxruntime cpu, 2 photos",
    }
    assert card["modelParameters"]["inputs"] == [{"format": "ImageTensor: uint8 [1, any, any, 3]"}]


def test_the_same_release_gives_the_same_bytes(packed):
    release = read_release(packed)
    assert bom(release) == (packed / "bom.cdx.json").read_bytes()
    assert b"timestamp" not in bom(release)


def test_licences_that_have_no_identifier_are_named(packed):
    release = read_release(packed)
    for licence, said in (
        ("Apache-2.0 OR MIT", [{"expression": "Apache-2.0 OR MIT"}]),
        ("as the author says", [{"license": {"name": "as the author says"}}]),
        ("", None),
    ):
        model = dataclasses.replace(release.model, licence=licence)
        made = json.loads(bom(dataclasses.replace(release, model=model)))
        assert made["metadata"]["component"].get("licenses") == said


def test_what_has_no_place_in_a_bill_is_said_in_a_line(packed):
    release = read_release(packed)
    model = dataclasses.replace(release.model, tarball_digests={"md5": "not hex"}, url="http://x/y")
    with pytest.raises(DlconvError, match="sample gives no bill of materials: "):
        bom(dataclasses.replace(release, model=model))
