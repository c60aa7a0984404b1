import json
from pathlib import Path

import numpy as np
import pytest
from support.artifacts import PLAIN, tfjs_artifact
from support.graphs import const, graph_def, node, placeholder
from support.layout_2018 import write_layout_2018
from support.sample import sample_graph
from support.tflite_files import Parts

from dlconv.convert.stored import WeightType
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.read import find_entry, is_frozen_graph, read_network
from dlconv.inspect.inspection import inspect_graph


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """The sample's frozen graph."""
    return sample_graph(tmp_path_factory.mktemp("frozen"))


def test_a_frozen_graph_tells_its_weights(frozen):
    network = read_network(frozen.path)
    assert network.format == "frozen graph"
    assert network.inputs[0].node == "ImageTensor"
    assert network.contract.crop == (129, 129)
    weights = {weight.name: weight for weight in network.weights}
    kernel = weights["logits/semantic/weights"]
    assert kernel.values.shape == kernel.shape
    assert kernel.range == (kernel.values.min(), kernel.values.max())
    assert network.nodes == len(network.graph.nodes)


@pytest.mark.parametrize("precision", [PLAIN, None], ids=["uint8", "float32"])
def test_a_graph_model_is_read_with_the_values_of_its_shards(frozen, tmp_path, precision):
    options = {} if precision is None else {"precision": precision}
    artifact = tfjs_artifact(frozen, tmp_path / "web", rewrite=False, **options)
    network = read_network(tmp_path / "web")
    assert network.files[0] == artifact.entry
    assert {path.name for path in network.files} == {each.path for each in artifact.manifest.files}
    original = {weight.name: weight for weight in read_network(frozen.path).weights}
    for weight in network.weights:
        known = original[weight.name].values
        assert np.abs(weight.values - known).max() <= weight.step
        in_graph = network.graph.constant(network.graph.nodes[weight.name])
        assert np.array_equal(in_graph, weight.values)
    assert {weight.dtype for weight in network.weights} == {"float32"}
    stored = {weight.stored_dtype for weight in network.weights}
    assert stored == ({"float32"} if precision is None else {"uint8"})
    costs = [inspect_graph(each.graph).cost for each in (network, read_network(frozen.path))]
    assert costs[0].multiply_adds == costs[1].multiply_adds


def test_the_layout_of_2018_is_read_as_its_frozen_graph(frozen, tmp_path):
    write_layout_2018(read_graph(frozen.path), tmp_path / "old", WeightType.UINT8)
    network = read_network(tmp_path / "old" / "tensorflowjs_model.pb")
    assert network.format == "TF.js graph model of 2018"
    assert {weight.stored_dtype for weight in network.weights} == {"uint8"}
    assert network.contract.crop == (129, 129)
    assert sum(weight.bytes for weight in network.weights) == sum(
        weight.elements for weight in network.weights
    )


def test_a_graph_without_a_contract_says_why(tmp_path):
    graph = graph_def(
        placeholder("image", np.float32, (1, None, None, 3)),
        const("weights", np.ones(3), np.float32),
        node("boxes", "Mul", "image", "weights", T=np.float32),
        node("scores", "Add", "image", "weights", T=np.float32),
    )
    (tmp_path / "detector.pb").write_bytes(graph.SerializeToString())
    network = read_network(tmp_path / "detector.pb")
    assert (network.contract, network.outputs) == (None, ())
    assert network.inputs[0].shape == (1, None, None, 3)
    assert "has 2 outputs" in network.unknown[0]
    assert len(network.weights) == 1


def test_the_entry_of_a_folder_is_found(tmp_path):
    for name in ("frozen_inference_graph.pb", "model.tflite", "model.onnx", "model.json"):
        (tmp_path / name).touch()
        assert find_entry(tmp_path) == tmp_path / name
    assert find_entry(tmp_path / "model.onnx") == tmp_path / "model.onnx"


def test_frozen_graphs_are_told_from_other_graphs_by_name():
    others = ("saved_model.pb", "tensorflowjs_model.pb", "model.onnx", "model.tflite")
    assert is_frozen_graph(Path("graph.pb"))
    assert not any(is_frozen_graph(Path(name)) for name in others)


def test_a_file_of_litert_is_read_by_its_ending(tmp_path):
    network = read_network(Parts().written(tmp_path / "any.tflite"))
    assert (network.format, network.ops) == ("LiteRT", {"ADD": 1})
    Parts().written(tmp_path / "model.tflite")
    assert read_network(tmp_path).files == (tmp_path / "model.tflite",)


def cut_shard(web):
    (shard,) = web.glob("*.bin")
    shard.write_bytes(shard.read_bytes()[:-1])


def without_shard(web):
    next(web.glob("*.bin")).unlink()


def of_another_shape(web):
    content = json.loads((web / "model.json").read_text())
    content["weightsManifest"][0]["weights"][0]["shape"] = [9]
    (web / "model.json").write_text(json.dumps(content))


DAMAGE = {
    "a shard that is cut": (cut_shard, "hold 39 bytes, their weights take 40"),
    "a shard that is gone": (without_shard, "cannot read .*bin"),
    "a weight of another shape": (of_another_shape, r"\[1, 1, 3, 3\] in the graph and float32 \[9"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_graph_model_is_refused(tiny, tmp_path, case):
    damage, words = DAMAGE[case]
    tfjs_artifact(tiny, tmp_path / "web")
    damage(tmp_path / "web")
    with pytest.raises(DlconvError, match=words):
        read_network(tmp_path / "web")
