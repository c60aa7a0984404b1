"""What an entry reads is what its manifest lists, for whatever takes an artifact."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.artifacts import tfjs_artifact
from support.graphs import tiny_segmenter
from support.layout_2018 import write_layout_2018

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact, Source, file_entry
from dlconv.errors import DlconvError
from dlconv.formats.model_json import read_model_json
from dlconv.formats.reads import files_read

ELSEWHERE = json.loads(Path(__file__).with_name("beside.json").read_text())["elsewhere"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A TF.js artifact, not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    graph = folder / "tiny.pb"
    graph.write_bytes(tiny_segmenter().SerializeToString())
    return tfjs_artifact(FrozenGraph(graph, Source("tiny", 1, "0" * 64)), folder / "tfjs")


@pytest.fixture
def tfjs(made, tmp_path):
    folder = shutil.copytree(made.directory, tmp_path / "tfjs")
    return Artifact(folder / "manifest.json", made.manifest, folder / "model.json")


def external(name, location="weights.data"):
    """A tensor whose values are in another file."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    if location is not None:
        tensor.external_data.add(key="location", value=location)
    return tensor


def onnx_file(path, *nodes, initializers=(), functions=()):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    relu = helper.make_node("Relu", ["x"], ["y"])
    graph = helper.make_graph([relu, *nodes], "g", ends[:1], ends[1:], initializers)
    model = helper.make_model(graph)
    model.functions.extend(functions)
    path.write_bytes(model.SerializeToString())
    return path


def as_listed(artifact, *names):
    """The artifact with a manifest that lists these files as they are."""
    files = tuple(file_entry(artifact.directory / name) for name in names)
    return dataclasses.replace(
        artifact, manifest=dataclasses.replace(artifact.manifest, files=files)
    )


def test_all_that_is_read_is_listed(tfjs):
    assert files_read(tfjs.entry, "tfjs") == ("model.json", "group1-shard1of1.bin")
    tfjs.check_files()


def test_a_shard_that_the_manifest_leaves_out_is_named(tfjs):
    with pytest.raises(DlconvError, match=r"reads group1-shard1of1\.bin, which its manifest does"):
        as_listed(tfjs, "model.json").check_files()


def test_a_file_that_nothing_reads_is_named(tfjs):
    (tfjs.directory / "more.bin").write_bytes(b"")
    listed = as_listed(tfjs, "model.json", "group1-shard1of1.bin", "more.bin")
    with pytest.raises(DlconvError, match=r"does not read more\.bin, which its manifest lists"):
        listed.check_files()


def test_external_data_that_the_manifest_leaves_out_is_named(tfjs):
    entry = onnx_file(tfjs.directory / "model.onnx", initializers=[external("w")])
    (tfjs.directory / "weights.data").write_bytes(b"1234")
    manifest = dataclasses.replace(tfjs.manifest, target="onnx")
    artifact = dataclasses.replace(tfjs, manifest=manifest, entry=entry)
    with pytest.raises(DlconvError, match=r"model\.onnx reads weights\.data, which its manifest"):
        as_listed(artifact, "model.onnx").check_files()
    as_listed(artifact, "model.onnx", "weights.data").check_files()


def test_external_data_is_found_wherever_it_stands(tmp_path):
    constant = helper.make_node("Constant", [], ["a"], value=external("a", "attribute"))
    many = helper.make_node("Many", [], ["c"], domain="d", values=[external("c", "list")])
    branch = helper.make_graph([], "then", [], [], [external("b", "subgraph")])
    nested = helper.make_node("If", ["x"], ["b"], then_branch=branch)
    imports = [helper.make_opsetid("", 17)]
    inner = helper.make_node("Constant", [], ["d"], value=external("d", "function"))
    function = helper.make_function("d", "F", [], ["d"], [inner], imports)
    indices = numpy_helper.from_array(np.int64([0]), "i")
    values = external("e", "sparse")
    path = onnx_file(tmp_path / "m.onnx", constant, many, nested, functions=[function])
    model = onnx.load(path, load_external_data=False)
    model.graph.sparse_initializer.add(values=values, indices=indices, dims=[4])
    path.write_bytes(model.SerializeToString())
    beside = {"attribute", "list", "subgraph", "function", "sparse"}
    assert {*files_read(path, "onnx")} == {"m.onnx", *beside}


def test_values_that_are_nowhere_are_refused(tmp_path):
    path = onnx_file(tmp_path / "m.onnx", initializers=[external("w", None)])
    with pytest.raises(DlconvError, match="does not say in which file the values of w are"):
        files_read(path, "onnx")


def test_a_model_of_2018_reads_its_manifest_of_weights_and_its_shards(tmp_path):
    old = write_layout_2018(tiny_segmenter(), tmp_path / "old")
    names = ("tensorflowjs_model.pb", "weights_manifest.json", "group1-shard1of1")
    assert files_read(old / "tensorflowjs_model.pb", "tfjs") == names


def test_a_frozen_graph_reads_nothing_else(tmp_path):
    assert files_read(tmp_path / "graph.pb", "tensorflow") == ("graph.pb",)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_does_not_lie_beside_is_refused_by_every_reader(tfjs, name):
    content = json.loads(tfjs.entry.read_text())
    content["weightsManifest"][0]["paths"] = [name]
    tfjs.entry.write_text(json.dumps(content))
    old = write_layout_2018(tiny_segmenter(), tfjs.directory / "old")
    weights = json.loads((old / "weights_manifest.json").read_text())
    weights[0]["paths"] = [name]
    (old / "weights_manifest.json").write_text(json.dumps(weights))
    readers = [
        lambda: files_read(tfjs.entry, "tfjs"),
        lambda: read_model_json(tfjs.entry),
        lambda: files_read(old / "tensorflowjs_model.pb", "tfjs"),
    ]
    if name.isascii() or name.isprintable():
        path = onnx_file(tfjs.directory / "m.onnx", initializers=[external("w", name)])
        readers.append(lambda: files_read(path, "onnx"))
    for reader in readers:
        with pytest.raises(DlconvError, match="which is not a file beside it") as raised:
            reader()
        assert str(raised.value).isprintable()
