import json
import random

import numpy as np
import pytest
from support.graphs import const, node, tiny_segmenter
from support.layout_2018 import write_layout_2018
from support.running import node_of

from dlconv.convert.stored import WeightType, store
from dlconv.errors import DlconvError
from dlconv.formats.layout_2018 import find_layout_2018, read_layout_2018
from dlconv.graph.graph import Graph


@pytest.fixture
def old(tmp_path):
    return write_layout_2018(tiny_segmenter(), tmp_path / "old", shard_bytes=16)


def constants(graph_def):
    graph = Graph(graph_def)
    return {n.name: graph.constant(n) for n in graph.graph_def.node if n.op == "Const"}


def test_the_values_of_constants_are_put_back(old):
    layout = read_layout_2018(old)
    expected = constants(tiny_segmenter())
    for name, values in constants(layout.graph_def).items():
        assert values.dtype == expected[name].dtype
        assert values.tolist() == expected[name].tolist()
    assert [file.name for file in layout.files] == [
        "tensorflowjs_model.pb",
        "weights_manifest.json",
        "group1-shard1of3",
        "group1-shard2of3",
        "group1-shard3of3",
    ]


def test_quantized_weights_come_back_as_the_page_computed_with_them(tmp_path):
    kernel = np.random.default_rng(3).normal(size=(1, 1, 3, 3)).astype(np.float32)
    graph = tiny_segmenter(kernel=kernel)
    old = write_layout_2018(graph, tmp_path / "old", WeightType.UINT8)
    found = constants(read_layout_2018(old).graph_def)["weights"]
    assert found.tolist() == store(kernel, WeightType.UINT8).values().tolist()


def test_element_types_that_tfjs_lacks_come_back_as_the_graph_has_them(tmp_path):
    graph = tiny_segmenter()
    node_of(graph, "axis").CopyFrom(const("axis", 3, np.int64))
    old = write_layout_2018(graph, tmp_path / "old")
    manifest = json.loads((old / "weights_manifest.json").read_text())
    assert [weight["dtype"] for weight in manifest[0]["weights"]] == ["float32", "int32"]
    axis = constants(read_layout_2018(old).graph_def)["axis"]
    assert (axis.dtype, axis.tolist()) == (np.int64, 3)


def test_it_is_found_by_its_folder_or_its_graph(old, tmp_path):
    assert find_layout_2018(old) == find_layout_2018(old / "tensorflowjs_model.pb") == old
    assert find_layout_2018(tmp_path) is None
    assert find_layout_2018(old / "weights_manifest.json") is None


def cut(name):
    def change(old):
        content = (old / name).read_bytes()
        (old / name).write_bytes(content[: len(content) // 2])

    return change


def without(name):
    return lambda old: (old / name).unlink()


def manifest(edit):
    def change(old):
        path = old / "weights_manifest.json"
        content = json.loads(path.read_text())
        edit(content[0])
        path.write_text(json.dumps(content))

    return change


def another_constant(old):
    graph = tiny_segmenter()
    graph.node.extend([const("more", 1.0, np.float32), node("y", "Identity", "more")])
    (old / "tensorflowjs_model.pb").write_bytes(graph.SerializeToString())


BROKEN = {
    "a shard that is cut": (cut("group1-shard2of3"), "hold 32 bytes, their weights take 40"),
    "a graph that is cut": (cut("tensorflowjs_model.pb"), "is not a GraphDef, or it is truncated"),
    "a manifest that is cut": (cut("weights_manifest.json"), "is not JSON, or it is truncated"),
    "no shard": (without("group1-shard3of3"), "cannot read .*group1-shard3of3"),
    "no graph": (without("tensorflowjs_model.pb"), "cannot read .*tensorflowjs_model.pb"),
    "no manifest": (without("weights_manifest.json"), "cannot read .*weights_manifest.json"),
    "another place": (
        manifest(lambda group: group["paths"].insert(0, "../secret")),
        "names '../secret', which is not a file beside it",
    ),
    "a constant more": (another_constant, "more is in tensorflowjs_model.pb alone"),
    "a weight more": (
        manifest(lambda group: group["weights"].append(group["weights"][0] | {"name": "x"})),
        "x is in weights_manifest.json alone",
    ),
    "another shape": (
        manifest(lambda group: group["weights"][0].update(shape=[9])),
        r"weights is float32 \[1, 1, 3, 3\] in the graph and float32 \[9\]",
    ),
    "another type": (
        manifest(lambda group: group["weights"][0].update(dtype="int32")),
        r"weights is float32 \[1, 1, 3, 3\] in the graph and int32",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_does_not_hold_together_is_refused_in_one_line(old, case):
    change, message = BROKEN[case]
    change(old)
    with pytest.raises(DlconvError, match=message) as raised:
        read_layout_2018(old)
    assert "\n" not in str(raised.value)


def test_no_flipped_bit_is_more_than_an_error(old):
    """Whatever bits flip in the graph and the manifest, it is read or refused."""
    chance = random.Random(4)
    files = [old / "tensorflowjs_model.pb", old / "weights_manifest.json"]
    originals = [file.read_bytes() for file in files]
    refused = 0
    for _ in range(400):
        which = chance.randrange(2)
        content = bytearray(originals[which])
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        files[which].write_bytes(content)
        try:
            read_layout_2018(old)
        except DlconvError:
            refused += 1
        files[which].write_bytes(originals[which])
    assert 0 < refused < 400
