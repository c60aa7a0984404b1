import pytest
from support.artifacts import PLAIN, tfjs_artifact
from support.sample import sample_graph

from dlconv.convert.quantize.storage_error import storage_errors
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.recipe import Precision


@pytest.fixture
def sample(tmp_path):
    return sample_graph(tmp_path)


def errors_of(sample, directory, quantization):
    artifact = tfjs_artifact(sample, directory, quantization)
    return storage_errors(artifact.entry, Graph(read_graph(sample.path)))


def test_float32_is_stored_as_it_is(sample, tmp_path):
    errors = errors_of(sample, tmp_path / "float32", Precision.FLOAT32)
    assert len(errors) > 20
    assert set(errors.values()) == {0}


def test_the_error_grows_as_the_bits_go(sample, tmp_path):
    halves = errors_of(sample, tmp_path / "f16", Precision.FLOAT16)
    bytes_ = errors_of(sample, tmp_path / "plain", PLAIN)
    assert halves.keys() == bytes_.keys()
    assert 0 < max(halves.values()) < 2**-11
    assert 0.003 < max(bytes_.values()) < 0.1


def test_nodes_have_the_names_of_the_frozen_graph_unless_they_were_split(sample, tmp_path):
    names = {node.name for node in read_graph(sample.path).node}
    errors = errors_of(sample, tmp_path / "plain", PLAIN)
    assert "logits/semantic/BiasAdd" in errors
    assert {name.split("/")[0] for name in errors.keys() - names} == {"concat_projection"}
