import base64
import json

import numpy as np
import pytest
from support.artifacts import PLAIN, tfjs_artifact
from support.graphs import layer, tiny_segmenter
from support.running import ops
from support.sample import sample_graph

from dlconv.errors import DlconvError
from dlconv.formats.model_json import read_model_json
from dlconv.formats.read import read_network
from dlconv.graph.contract import find_ends
from dlconv.recipe import Precision


@pytest.fixture
def path(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "model", rewrite=False).entry


def test_the_topology_is_the_graph_that_was_written(path, tiny):
    model = read_model_json(path)
    assert ops(model.graph.graph_def) == ops(tiny_segmenter())
    scores = model.graph.nodes["scores"]
    assert list(scores.attr["strides"].list.i) == [1, 1, 1, 1]
    assert scores.attr["padding"].s == b"SAME"
    found = find_ends(model.graph)
    found_input, found_output = found.input, found.only_output()
    assert (found_input.dtype, found_input.shape) == ("uint8", (1, None, None, 3))
    assert (found_output.node, found_output.dtype) == ("SemanticPredictions", "int64")


def test_the_signature_and_the_weights_are_read(path):
    model = read_model_json(path)
    (signed,) = model.inputs
    assert (signed.tensor, signed.dtype) == ("ImageTensor:0", "uint8")
    assert signed.shape == (1, None, None, 3)
    assert [output.node for output in model.outputs] == ["SemanticPredictions"]
    assert [weight.name for weight in model.groups[0].weights] == ["weights", "axis"]
    assert model.maker.startswith("dlconv ")


def with_fused():
    graph = tiny_segmenter()
    kept = [n for n in graph.node if n.name != "scores"]
    fused = layer("scores", "ToFloat", np.ones((1, 1, 3, 3)), np.arange(3))
    graph.ClearField("node")
    graph.node.extend([*kept, *fused])
    return graph


def test_fused_convolutions_are_read(frozen_on_disk, tmp_path):
    path = tfjs_artifact(frozen_on_disk(with_fused()), tmp_path / "model", PLAIN).entry
    scores = read_model_json(path).graph.nodes["scores"]
    assert scores.op == "_FusedConv2D"
    assert list(scores.attr["fused_ops"].list.s) == [b"BiasAdd"]


def test_what_tfjs_fills_itself_is_no_input(path):
    content = json.loads(path.read_text())
    inputs = content["signature"]["inputs"]
    inputs["scale"] = inputs["ImageTensor"] | {"resourceId": 1}
    path.write_text(json.dumps(content))
    assert [spec.node for spec in read_model_json(path).inputs] == ["ImageTensor"]


def with_bytes_as_numbers(content):
    """JSON as pb2json wrote it: each base64 text of an attribute as a list of numbers."""
    if isinstance(content, list):
        return [with_bytes_as_numbers(each) for each in content]
    if not isinstance(content, dict):
        return content
    made = {key: with_bytes_as_numbers(value) for key, value in content.items()}
    if isinstance(made.get("s"), str):
        made["s"] = list(base64.b64decode(made["s"]))
    if isinstance(made.get("s"), list) and all(isinstance(each, str) for each in made["s"]):
        made["s"] = [list(base64.b64decode(each)) for each in made["s"]]
    return made


def test_what_pb2json_wrote_is_read(frozen_on_disk, tmp_path):
    path = tfjs_artifact(frozen_on_disk(with_fused()), tmp_path / "model", PLAIN).entry
    meant = read_model_json(path)
    written = json.loads(path.read_text())
    kept = {key: written[key] for key in ("modelTopology", "weightsManifest")}
    path.write_text(json.dumps(with_bytes_as_numbers(kept)))
    found = read_model_json(path)
    assert found.graph.graph_def == meant.graph.graph_def
    assert list(found.graph.nodes["scores"].attr["fused_ops"].list.s) == [b"BiasAdd"]
    assert find_ends(found.graph).input.node == "ImageTensor"


NONE = {
    "bytes that are none": '{"modelTopology": {"node": [{"attr": {"k": {"s": [256]}}}]}}',
    "attributes that are none": '{"modelTopology": {"node": [{"attr": 3}]}}',
    "a list": "[]",
    "cut": '{"modelTopology": {"node": [{"na',
    "a layers model": '{"modelTopology": {"model_config": {}}, "weightsManifest": []}',
    "no topology": '{"weightsManifest": []}',
    "a node that is none": '{"modelTopology": {"node": [3]}, "weightsManifest": []}',
    "a signature that is none": '{"modelTopology": {"node": []}, "signature": 3}',
    "depth": '{"modelTopology":' * 100_000,
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_graph_model_is_refused(path, case):
    path.write_text(NONE[case])
    with pytest.raises(DlconvError, match="is not the model.json of a TF.js graph model"):
        read_model_json(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("", "empty"),
        ("<html>", "an HTML page"),
        ("version https://git-lfs.github.com/spec/v1", "LFS"),
    ],
)
def test_a_file_of_another_kind_is_told(path, content, kind):
    path.write_text(content)
    with pytest.raises(DlconvError, match=f"is .*{kind}, not a model.json"):
        read_model_json(path)


def test_names_that_cannot_be_shown_are_refused(path):
    content = json.loads(path.read_text())
    content["modelTopology"]["node"][0]["name"] = "two\nlines"
    path.write_text(json.dumps(content))
    with pytest.raises(DlconvError, match=r"an impossible name: two\\nlines"):
        read_model_json(path)


@pytest.mark.slow
def test_what_is_filled_at_loading_is_no_input(tmp_path):
    """Kernels with a scale for each channel are computed when TF.js loads the model."""
    artifact = tfjs_artifact(
        sample_graph(tmp_path), tmp_path / "web", Precision.UINT8, per_channel=True
    )
    contract = read_network(artifact.entry).contract
    assert (contract.input.node, contract.crop) == ("ImageTensor", (129, 129))
