import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder, tiny_segmenter

from dlconv.errors import DlconvError
from dlconv.inspect.contract import find_contract
from dlconv.inspect.graph import Graph


def contract_of(*nodes):
    return find_contract(Graph(graph_def(*nodes)))


def test_names_of_deeplab_are_preferred_but_not_required():
    for names in (("ImageTensor", "SemanticPredictions"), ("photo", "labels")):
        contract = find_contract(Graph(tiny_segmenter(*names)))
        assert (contract.input.node, contract.output.node) == names
        assert contract.input.tensor == f"{names[0]}:0"


def test_types_shapes_and_classes_come_from_the_graph():
    contract = find_contract(Graph(tiny_segmenter(classes=5)))
    assert (contract.input.dtype, contract.input.shape) == ("uint8", (1, None, None, 3))
    assert (contract.output.dtype, contract.output.shape) == ("int64", (1, None, None))
    assert contract.classes == 5
    assert contract.crop is None
    assert "scores" in contract.classes_reason


def test_asserts_and_what_they_read_are_no_outputs():
    extra = [
        const("true", np.array(True)),
        node("size", "Shape", "ImageTensor", T=np.uint8),
        node("check", "Assert", "true", "size"),
    ]
    contract = contract_of(*tiny_segmenter(output_name="labels").node, *extra)
    assert contract.output.node == "labels"


def test_of_several_sinks_the_one_behind_an_argmax_is_the_output():
    extra = node("softmax", "Softmax", "scores", T=np.float32)
    contract = contract_of(*tiny_segmenter(output_name="labels").node, extra)
    assert contract.output.node == "labels"
    assert "ArgMax" in contract.output.reason


def test_several_candidates_are_named():
    second = node("second", "ArgMax", "scores", "axis", T=np.float32, output_type=np.int32)
    with pytest.raises(DlconvError, match="2 outputs.*labels, second"):
        contract_of(*tiny_segmenter(output_name="labels").node, second)


def test_two_inputs_are_named():
    with pytest.raises(DlconvError, match="2 placeholders: b, a|2 placeholders: a, b"):
        contract_of(
            placeholder("a", np.float32, (1,)),
            placeholder("b", np.float32, (1,)),
            node("sum", "Add", "a", "b", T=np.float32),
        )


def test_a_graph_without_input_has_no_contract():
    with pytest.raises(DlconvError, match="no output"):
        contract_of(const("a", 1), node("b", "Identity", "a", T=np.int32))


def resized_to(size_nodes, size_name):
    f = np.float32
    return [
        placeholder("x", f, (1, None, None, 4)),
        *size_nodes,
        node("resized", "ResizeBilinear", "x", size_name, T=f, align_corners=True),
        const("axis", 3, np.int32),
        node("labels", "ArgMax", "resized", "axis", T=f, output_type=np.int32),
    ]


def test_the_crop_is_the_size_the_scores_are_resized_to():
    contract = contract_of(*resized_to([const("size", [129, 257], np.int32)], "size"))
    assert contract.crop == (129, 257)
    assert contract.output.shape == (1, 129, 257)
    assert "resized" in contract.crop_reason


def test_the_crop_is_found_behind_a_slice_of_a_constant_shape():
    size = [
        const("shape", [1, 513, 321, 3], np.int32),
        const("begin", [1], np.int32),
        const("end", [3], np.int32),
        const("stride", [1], np.int32),
        node("size", "StridedSlice", "shape", "begin", "end", "stride", T=np.int32),
    ]
    assert contract_of(*resized_to(size, "size")).crop == (513, 321)


def test_the_crop_is_found_in_the_padding_when_the_scores_have_the_photos_size():
    i = np.int32
    padding = []
    for axis, size in enumerate((65, 97)):
        padding += [
            const(f"size{axis}", size, i),
            const(f"zero{axis}", 0, i),
            node(f"missing{axis}", "Sub", f"size{axis}", "rank", T=i),
            node(f"pad{axis}", "Maximum", f"missing{axis}", f"zero{axis}", T=i),
        ]
    rank = [node("rank", "Rank", "ImageTensor", T=np.uint8)]
    contract = contract_of(*tiny_segmenter().node, *rank, *padding)
    assert contract.crop == (65, 97)


def test_nodes_that_lack_inputs_do_not_crash_the_search():
    broken = [
        placeholder("x", np.float32, (1, None, None, 4)),
        node("labels", "ArgMax", "x", T=np.float32, output_type=np.int32),
    ]
    contract = contract_of(*broken)
    assert contract.output.shape is None
