from support.deeplab import classifier, deeplab, deeplab_plus
from support.sample import sample_graph

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.inspect.inspection import inspect_graph


def boundaries_of(graph_def):
    return {row.tensor: row for row in inspect_graph(Graph(graph_def)).boundaries}


def test_a_boundary_is_a_tensor_that_another_stage_reads():
    found = boundaries_of(deeplab())
    assert {(row.after, row.before, tensor) for tensor, row in found.items()} == {
        ("input", ("preprocessing",), "photo:0"),
        ("preprocessing", ("backbone",), "centred:0"),
        ("backbone", ("image pooling", "ASPP"), "features:0"),
        ("image pooling", ("ASPP",), "pool_up:0"),
        ("ASPP", ("decoder",), "projection/relu:0"),
        ("decoder", ("postprocessing",), "logits:0"),
        ("postprocessing", ("output",), "up:0"),
    }
    assert (found["features:0"].dtype, found["features:0"].shape) == ("float32", (1, 17, 17, 4))
    assert found["photo:0"].dtype == "uint8"


def test_a_cut_leaves_no_other_way_for_the_image():
    found = boundaries_of(deeplab())
    assert [tensor for tensor, row in found.items() if not row.is_cut] == ["pool_up:0"]
    decoder = boundaries_of(deeplab_plus())
    assert decoder["low:0"].before == ("decoder",)
    assert not decoder["features:0"].is_cut
    assert not decoder["projection:0"].is_cut
    assert decoder["low:0"].is_cut  # all that comes later is made of it


def test_a_classifier_has_them_too():
    assert boundaries_of(classifier()).keys() == {"photo:0", "centred:0", "scores:0"}


def test_shapes_are_those_of_every_photo_within_the_crop(tmp_path):
    found = boundaries_of(read_graph(sample_graph(tmp_path).path))
    assert found["ImageTensor:0"].shape == (1, None, None, 3)
    assert found["sub_7:0"].shape == (1, 129, 129, 3)
    assert found["logits/semantic/BiasAdd:0"].shape == (1, 17, 17, 5)
    assert found["ArgMax:0"].dtype == "int64"
