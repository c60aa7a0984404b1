import json

import numpy as np
import pytest
from support.artifacts import entries_of, model_of, nodes_of
from support.graphs import const, node, tiny_segmenter
from support.layout_2018 import write_layout_2018
from support.running import node_of, run

from dlconv.artifacts.manifest import Source
from dlconv.convert.artifact import make_upgraded
from dlconv.convert.stored import WeightType
from dlconv.errors import DlconvError, UsageError
from dlconv.formats.layout_2018 import read_layout_2018
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime

SOURCE = Source("old", 1, "0" * 64)


def upgraded(old, directory):
    return make_upgraded(read_layout_2018(old), SOURCE, directory)


@pytest.fixture
def old(tmp_path):
    return write_layout_2018(tiny_segmenter(), tmp_path / "old", shard_bytes=16)


@pytest.mark.parametrize("precision", [WeightType.FLOAT32, WeightType.UINT8, WeightType.UINT16])
def test_the_shards_stay_and_the_labels_are_the_old_graphs(tmp_path, precision):
    old = write_layout_2018(tiny_segmenter(), tmp_path / "old", precision, shard_bytes=16)
    artifact = upgraded(old, tmp_path / "new")
    assert artifact.manifest.precision == precision.value
    for shard in old.glob("group1-*"):
        assert (tmp_path / "new" / shard.name).read_bytes() == shard.read_bytes()
    image = np.random.default_rng(5).integers(0, 256, (1, 9, 11, 3), np.uint8)
    expected = run(read_layout_2018(old).graph_def, "SemanticPredictions", ImageTensor=image)
    with TfjsNodeRuntime(tmp_path / "new") as runtime:
        assert runtime.infer(image).output.tolist() == expected.tolist()


def test_what_old_graphs_lack_is_there(old, tmp_path):
    graph = read_layout_2018(old).graph_def
    assert "dilations" not in node_of(graph, "scores").attr
    upgraded(old, tmp_path / "new")
    nodes = nodes_of(tmp_path / "new")
    assert nodes["scores"]["attr"]["dilations"] == {"list": {"i": ["1", "1", "1", "1"]}}
    assert nodes["weights"]["attr"]["dtype"] == {"type": "DT_FLOAT"}
    signature = model_of(tmp_path / "new")["signature"]
    assert signature["inputs"]["ImageTensor"]["dtype"] == "DT_UINT8"
    assert signature["outputs"]["SemanticPredictions"]["name"] == "SemanticPredictions:0"


def test_bytes_become_codes_of_integers_since_tfjs_knows_them_as_nothing_else(tmp_path):
    graph = tiny_segmenter(output_name="labels")
    graph.node.extend(
        [
            node("as32", "Cast", "labels", SrcT=np.int64, DstT=np.int32),
            const("offset", 200, np.uint8),
            node("offset32", "Cast", "offset", SrcT=np.uint8, DstT=np.int32),
            node("SemanticPredictions", "Add", "as32", "offset32", T=np.int32),
        ]
    )
    upgraded(write_layout_2018(graph, tmp_path / "old"), tmp_path / "new")
    entry = entries_of(tmp_path / "new")["offset"]
    codes = {"dtype": "uint8", "min": 0, "scale": 1, "original_dtype": "int32"}
    assert (entry["dtype"], entry["quantization"]) == ("int32", codes)
    image = np.zeros((1, 2, 2, 3), np.uint8)
    with TfjsNodeRuntime(tmp_path / "new") as runtime:
        assert runtime.infer(image).output.min() >= 200


def test_control_edges_of_constants_stay_behind(old, tmp_path):
    path = old / "tensorflowjs_model.pb"
    graph = read_layout_2018(old).graph_def
    node_of(graph, "axis").input.append("^ToFloat")
    path.write_bytes(graph.SerializeToString())
    upgraded(old, tmp_path / "new")
    assert "input" not in nodes_of(tmp_path / "new")["axis"]


def test_ops_that_tfjs_lacks_leave_nothing_half_written(old, tmp_path):
    graph = read_layout_2018(old).graph_def
    node_of(graph, "ToFloat").op = "QuantizedRelu6"
    (old / "tensorflowjs_model.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(DlconvError, match="has no QuantizedRelu6"):
        upgraded(old, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_shard_that_would_be_written_over_is_refused(old, tmp_path):
    manifest = json.loads((old / "weights_manifest.json").read_text())
    manifest[0]["paths"][0] = "manifest.json"
    (old / "weights_manifest.json").write_text(json.dumps(manifest))
    (old / "group1-shard1of3").rename(old / "manifest.json")
    with pytest.raises(DlconvError, match="manifest.json cannot be the name of a shard"):
        upgraded(old, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_only_an_artifact_is_replaced(old, tmp_path):
    with pytest.raises(UsageError, match="is not an artifact of dlconv"):
        upgraded(old, old)
    upgraded(old, tmp_path / "new")
    (tmp_path / "new" / "stale.bin").write_bytes(b"")
    upgraded(old, tmp_path / "new")
    assert not (tmp_path / "new" / "stale.bin").exists()
