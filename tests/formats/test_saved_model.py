import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import tiny_segmenter

from dlconv.errors import DlconvError
from dlconv.formats.read import read_network
from dlconv.tensorflow import load_tensorflow

pytestmark = pytest.mark.slow  # TensorFlow writes what is read


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel of today: two variables in a function, and one that nothing reads."""
    tf = load_tensorflow()

    class Segmenter(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(tf.ones([3, 3, 3, 8]), name="kernel")
            self.bias = tf.Variable(tf.zeros([8]), name="bias")
            self.slot = tf.Variable(tf.zeros([99]), name="momentum")

        @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")])
        def __call__(self, image):
            scores = tf.nn.conv2d(tf.cast(image, tf.float32) / 127.5, self.kernel, 1, "SAME")
            return {"labels": tf.argmax(scores + self.bias, -1)}

    folder = tmp_path_factory.mktemp("saved") / "model"
    segmenter = Segmenter()
    tf.saved_model.save(segmenter, str(folder), signatures=segmenter.__call__)
    return folder


def test_the_signature_and_what_is_behind_it_are_read(saved):
    network = read_network(saved)
    (photo,), (labels,) = network.inputs, network.outputs
    assert (photo.dtype, photo.shape) == ("uint8", (1, None, None, 3))
    assert photo.reason == "image of the signature serving_default"
    assert (labels.dtype, labels.shape) == ("int64", (1, None, None))
    assert (network.ops["Conv2D"], network.ops["ArgMax"]) == (1, 1)
    assert network.maker.startswith("TensorFlow 2.")
    assert "variables.index" in [path.name for path in network.files]


def test_variables_have_shapes_and_no_values(saved):
    network = read_network(saved / "saved_model.pb")
    variables = {each.name: each.shape for each in network.weights if each.values is None}
    assert variables == {"kernel": (3, 3, 3, 8), "bias": (8,)}
    assert network.unknown == ("the values of 2 variables: TensorFlow reads them",)
    constants = [weight.values for weight in network.weights if weight.values is not None]
    assert constants == [np.float32(127.5)]
    assert network.graph is None


def test_a_frozen_graph_in_a_saved_model_is_one(tmp_path):
    tf = load_tensorflow()
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        v1.import_graph_def(v1.GraphDef.FromString(tiny_segmenter().SerializeToString()), name="")
        v1.saved_model.simple_save(
            session,
            str(tmp_path / "model"),
            {"image": graph.get_tensor_by_name("ImageTensor:0")},
            {"labels": graph.get_tensor_by_name("SemanticPredictions:0")},
        )
    network = read_network(tmp_path / "model")
    assert network.contract.classes == 3
    assert [weight.name for weight in network.weights] == ["weights"]


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_one_is_read_or_refused(saved, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    content = bytearray((saved / "saved_model.pb").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(content), len(content) // 2, 10]))
    (folder / "saved_model.pb").write_bytes(content[:end])
    refusal = ""
    try:
        read_network(folder)
    except DlconvError as error:
        refusal = error.message
    assert "\n" not in refusal


def test_another_file_of_its_name_is_refused(saved, tmp_path):
    shutil.copy(saved / "variables" / "variables.index", tmp_path / "saved_model.pb")
    with pytest.raises(DlconvError, match="saved_model.pb is not a SavedModel"):
        read_network(tmp_path)
