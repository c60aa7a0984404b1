import dataclasses
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support.artifacts import PLAIN, onnx_artifact, tfjs_artifact
from support.sample import sample_graph

from dlconv.formats.read import read_network
from dlconv.inspect.compressed import Sizes
from dlconv.inspect.diff import compare
from dlconv.inspect.document import as_data, comparison_data, comparison_schema, json_schema
from dlconv.inspect.inspection import inspect_graph

# Of the sample network, as version 1 of the schema has it; of long lists the first two.
SAMPLE = json.loads(Path(__file__).with_name("document.json").read_text())


@pytest.fixture
def networks(tiny, tmp_path):
    """The tiny network as a frozen graph, a TF.js graph model and ONNX."""
    tfjs_artifact(tiny, tmp_path / "web", PLAIN)
    onnx_artifact(tiny, tmp_path / "tiny.onnx")
    return [read_network(path) for path in (tiny.path, tmp_path / "web", tmp_path / "tiny.onnx")]


def as_read(data, schema):
    content = json.loads(json.dumps(data))
    Draft202012Validator(schema).validate(content)
    return content


def test_every_format_keeps_the_schema(networks):
    for network in networks:
        inspection = inspect_graph(network.graph) if network.graph else None
        content = as_read(as_data("here", network, inspection, None), json_schema())
        assert (content["format"], content["origin"]) == (network.format, "here")
        assert len(content["weights"]) == 1
        assert (content["cost"] is None) == (network.format == "ONNX")


def test_weights_tell_how_they_are_stored(networks):
    _, web, _ = networks
    (weight,) = as_data("here", web, None, None)["weights"]
    assert weight["shape"] == [1, 1, 3, 3]
    assert (weight["dtype"], weight["stored_dtype"], weight["bytes"]) == ("float32", "uint8", 9)
    assert weight["minimum"] < 0 < weight["maximum"]


def test_a_comparison_keeps_its_schema(networks):
    before, after, onnx = networks
    found = compare(before, after, (Sizes(3, 2, 1), Sizes(6, 5, 4)))
    content = as_read(comparison_data(("a", "b"), found), comparison_schema())
    assert not content["same"]
    assert content["after"]["sizes"] == {"raw": 6, "gzip": 5, "brotli": 4}
    assert content["counts"]["rounded"] == {"tensors": 1, "elements": 9}
    (match,) = content["matches"]
    assert (match["kind"], match["after"]["stored_dtype"]) == ("rounded", "uint8")
    other = compare(before, onnx, (Sizes(0, 0, 0), Sizes(0, 0, 0)))
    content = as_read(comparison_data(("a", "c"), other), comparison_schema())
    assert content["counts"]["equal"] == {"tensors": 1, "elements": 9}


def shortened(data):
    lists = ("weights", "boundaries", "matches", "only_before", "only_after")
    return {key: value[:2] if key in lists else value for key, value in data.items()}


def test_what_is_printed_stays_as_it_is(tmp_path):
    frozen = sample_graph(tmp_path)
    tfjs_artifact(frozen, tmp_path / "web", PLAIN)
    graph = read_network(frozen.path)
    web = dataclasses.replace(read_network(tmp_path / "web"), maker="some maker")
    source = {"path": "here", **dataclasses.asdict(frozen.source)}
    one = as_read(as_data("here", graph, inspect_graph(graph.graph), source), json_schema())
    assert shortened(one) == SAMPLE["inspect"]
    found = compare(graph, web, (Sizes(3, 2, 1), Sizes(6, 5, 4)))
    two = as_read(comparison_data(("a", "b"), found), comparison_schema())
    assert shortened(two) == SAMPLE["diff"]


@pytest.mark.parametrize("schema", [json_schema(), comparison_schema()], ids=["one", "two"])
def test_every_field_is_described(schema):
    Draft202012Validator.check_schema(schema)
    for record in [schema, *schema["$defs"].values()]:
        for name, field in record["properties"].items():
            assert field.get("description"), f"{record['title']}.{name}"
