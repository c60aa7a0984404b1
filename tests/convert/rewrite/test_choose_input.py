import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder, tiny_segmenter
from support.running import assert_untouched, node_of, ops, result_of, rewritten, run, run_in_tfjs

from dlconv.convert.rewrite.choose_input import choose_input
from dlconv.errors import DlconvError, UsageError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

F, U, I = np.float32, np.uint8, np.int32  # noqa: E741
IMAGE = np.random.default_rng(1).integers(0, 256, (1, 6, 5, 3)).astype(U)


def to_float(graph):
    return choose_input(graph, "ImageTensor", "float32")


def after_input(*nodes):
    return graph_def(placeholder("ImageTensor", U, (1, None, None, 3)), *nodes)


def cast(name, source):
    return node(name, "Cast", source, SrcT=U, DstT=F)


def test_the_cast_goes_and_the_labels_stay():
    graph = rewritten(to_float, tiny_segmenter())
    assert "Cast" not in ops(graph)
    assert find_contract(Graph(graph)).input.dtype == "float32"
    labels = run(tiny_segmenter(), "SemanticPredictions", ImageTensor=IMAGE)
    assert np.array_equal(run(graph, "SemanticPredictions", ImageTensor=IMAGE.astype(F)), labels)


def test_what_carries_the_pixels_changes_its_type():
    graph = after_input(
        node("thin", "Squeeze", "ImageTensor", T=U, squeeze_dims=[0]),
        const("axis", 0, I),
        node("thick", "ExpandDims", "thin", "axis", T=U, Tdim=I),
        node("shape", "Shape", "thick", T=U, out_type=I),
        cast("float", "thick"),
        node("reshaped", "Reshape", "float", "shape", T=F, Tshape=I),
    )
    changed = rewritten(to_float, graph)
    assert ops(changed) == ["Squeeze", "ExpandDims", "Shape", "Reshape"]
    assert np.array_equal(run(changed, "reshaped", ImageTensor=IMAGE.astype(F)), IMAGE)


def test_a_cast_to_another_type_reads_floats():
    graph = after_input(node("whole", "Cast", "ImageTensor", SrcT=U, DstT=I))
    changed = rewritten(to_float, graph)
    assert np.array_equal(run(changed, "whole", ImageTensor=IMAGE.astype(F)), IMAGE)


def test_a_cast_that_is_the_output_keeps_its_name():
    changed = rewritten(to_float, after_input(cast("y", "ImageTensor")))
    assert run(changed, "y", ImageTensor=IMAGE.astype(F)).dtype == F


def test_resizing_pixels_gives_floats_already():
    graph = after_input(
        const("size", [3, 3], I),
        node("y", "ResizeBilinear", "ImageTensor", "size", T=U),
    )
    changed = rewritten(to_float, graph)
    expected = run(graph, "y", ImageTensor=IMAGE)
    assert np.array_equal(run(changed, "y", ImageTensor=IMAGE.astype(F)), expected)


def test_the_type_it_has_is_left_alone():
    assert_untouched(lambda g: choose_input(g, "ImageTensor", "uint8"), tiny_segmenter())
    assert_untouched(to_float, result_of(to_float, tiny_segmenter()))


def test_floats_do_not_become_pixels():
    with pytest.raises(DlconvError, match="float32; it cannot become uint8"):
        choose_input(to_float(Graph(tiny_segmenter())).graph, "ImageTensor", "uint8")


def test_arithmetic_on_pixels_is_refused():
    graph = after_input(node("y", "Add", "ImageTensor", "ImageTensor", T=U))
    with pytest.raises(DlconvError, match=r"y \(Add\) needs its pixels"):
        result_of(to_float, graph)


def test_unknown_types_and_inputs_are_refused():
    with pytest.raises(UsageError, match="uint8 or float32, not int8"):
        choose_input(Graph(tiny_segmenter()), "ImageTensor", "int8")
    for name in ("Nothing", "weights"):
        with pytest.raises(DlconvError, match=f"no placeholder called {name}"):
            choose_input(Graph(tiny_segmenter()), name, "float32")


def test_other_nodes_are_not_copied_over_again():
    graph = tiny_segmenter()
    assert node_of(result_of(to_float, graph), "weights") == node_of(graph, "weights")


def test_tfjs_runs_it(tmp_path):
    graph = result_of(to_float, tiny_segmenter())
    labels = run(tiny_segmenter(), "SemanticPredictions", ImageTensor=IMAGE)
    assert np.array_equal(run_in_tfjs(graph, tmp_path, IMAGE), labels)
