import numpy as np
import pytest
from support.deeplab import classifier, detector, exported, exported_nearest, plain_segmenter
from support.graphs import (
    const,
    data_type,
    fake_quant,
    graph_def,
    node,
    placeholder,
    tiny_segmenter,
)
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.cli.words import in_words
from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends, find_all, find_contract
from dlconv.graph.cut import cut, resolve_ends
from dlconv.graph.graph import Graph


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


def test_classes_are_known_where_8_bit_training_rounds_the_kernel():
    graph = tiny_segmenter(classes=5)
    graph.node.extend(fake_quant("rounded", "weights/read", -1.0, 1.0))
    scores = next(node for node in graph.node if node.name == "scores")
    scores.input[1] = "rounded"
    assert find_contract(Graph(graph)).classes == 5


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


def found_in(graph_def, input_name=None, *outputs):
    """What is found in a graph, or in the part of it between nodes that are named."""
    ends = resolve_ends(graph_def, Ends(input_name, outputs))
    return find_all(cut(graph_def, ends), ends)


def lost(found, role):
    return {each.node: each.reason for each in found.rejected if each.role == role}


def test_an_export_says_why_its_labels_and_scores_are_not_the_output():
    found = found_in(exported())
    contract = found.contract()
    assert (contract.input.node, contract.output.node) == ("ImageTensor", "SemanticPredictions")
    assert (contract.output.dtype, contract.crop, contract.classes) == ("int64", (33, 33), 3)
    assert lost(found, "output") == {
        "ArgMax": "SemanticPredictions reads it; to cut the graph here, name it as output",
        "ResizeBilinear_3": "ArgMax reads it; to cut the graph here, name it as output",
        "ResizeBilinear_2": "ResizeBilinear_3 reads it; to cut the graph here, name it as output",
    }


def test_labels_may_be_resized_to_the_size_of_the_photo():
    contract = found_in(exported_nearest()).contract()
    assert (contract.output.node, contract.output.dtype) == ("SemanticPredictions", "int32")
    assert (contract.crop, contract.output.shape) == ((33, 33), (1, None, None))


@pytest.mark.parametrize("kind", ["ResizeArea", "ResizeBicubic", "ResizeBilinear"])
def test_what_weighs_pixels_gives_floats_of_any_image(kind):
    size = const("size", [9, 9], np.int32)
    photo = placeholder("x", np.uint8, (1, None, None, 3))
    contract = contract_of(photo, size, node("y", kind, "x", "size", T=np.uint8))
    assert (contract.output.dtype, contract.output.shape) == ("float32", (1, 9, 9, 3))


@pytest.mark.parametrize("photo", ["mul_1", "sub_7"])
@pytest.mark.parametrize(
    ("output", "shape"),
    [
        ("ArgMax", (1, 33, 33)),
        ("ResizeBilinear_3", (1, 33, 33, 3)),
        ("ResizeBilinear_2", (1, 17, 17, 3)),
        ("logits", (1, 17, 17, 3)),
    ],
)
def test_a_part_without_preprocessing_or_labels_has_the_same_crop(photo, output, shape):
    contract = found_in(exported(), photo, output).contract()
    assert (contract.input.node, contract.input.dtype) == (photo, "float32")
    assert contract.input.shape == (1, 33, 33, 3)
    assert (contract.output.node, contract.output.shape) == (output, shape)
    assert (contract.crop, contract.classes) == ((33, 33), 3)


def test_a_graph_cut_at_the_size_of_its_features_has_the_crop_of_its_padding():
    contract = found_in(exported(), None, "ResizeBilinear_2").contract()
    assert contract.crop == (33, 33)
    assert "pad the image to" in contract.crop_reason


def test_a_file_that_lacks_its_preprocessing_needs_the_name_of_the_input():
    part = cut(exported(), Ends("sub_7", ("ArgMax",)))
    headless = graph_def(*(n for n in part.nodes.values() if n.name != "sub_7"))
    with pytest.raises(DlconvError, match="reads sub_7, which is not in the graph") as caught:
        Graph(headless)
    assert in_words(caught.value).endswith("--inputs sub_7)")
    found = found_in(headless, "sub_7")
    assert (found.input.node, found.input.dtype) == ("sub_7", "float32")
    assert (found.contract().output.node, found.crop) == ("ArgMax", (33, 33))


def test_a_placeholder_may_be_there_for_its_size_only():
    found = found_in(exported(), "sub_7")
    assert (found.input.node, found.also_fed) == ("sub_7", ("ImageTensor",))
    with pytest.raises(DlconvError, match="2 placeholders: sub_7, ImageTensor"):
        found.contract()


def test_a_switch_is_no_image():
    switch = placeholder("is_training", np.bool_, ())
    nodes = [*plain_segmenter().node, switch]
    nodes.append(node("out", "Switch", "labels", "is_training", T=np.int64))
    found = found_in(graph_def(*nodes))
    assert found.input.node == "photo"
    assert lost(found, "input") == {"is_training": "not an image by its type or shape"}


def test_a_placeholder_that_nothing_reads_lost():
    found = found_in(graph_def(*plain_segmenter().node, placeholder("spare", np.float32, (1,))))
    assert lost(found, "input") == {"spare": "nothing of it goes into labels"}


def test_a_detector_has_all_its_outputs():
    found = found_in(detector())
    outputs = ["detection_boxes", "num_detections"]
    assert [spec.node for spec in found.outputs] == outputs
    assert lost(found, "output") == {"true_shape": "computed from the image's size alone"}
    with pytest.raises(DlconvError, match="2 outputs.*: detection_boxes, num_detections"):
        found.contract()
    one = found_in(detector(), None, "detection_scores").contract()
    assert (one.output.node, one.output.shape) == ("detection_scores", (1, 17, 17, 3))


def test_a_classifier_has_one_output_of_probabilities():
    contract = found_in(classifier()).contract()
    assert (contract.output.node, contract.output.shape) == ("probabilities", (1, 5))
    assert (contract.crop, contract.crop_reason) == ((33, 33), "the input's own size")


def test_a_graph_without_placeholder_tells_where_values_come_from():
    reader = node("batch", "IteratorGetNext", dtype=np.float32)
    nodes = [reader, node("labels", "ArgMax", "batch", "axis"), const("axis", 3, np.int32)]
    with pytest.raises(DlconvError, match=r"no output.*batch \(IteratorGetNext\)") as caught:
        contract_of(*nodes)
    assert "--inputs NAME" in in_words(caught.value)
    assert found_in(graph_def(*nodes), "batch").input.node == "batch"


def test_the_hint_names_what_gives_numbers_and_not_the_queue_or_the_file():
    dequeue = node("dequeue", "QueueDequeueV2", "queue")
    dequeue.attr["component_types"].list.type.append(data_type(np.float32))
    nodes = [
        node("queue", "FIFOQueueV2"),
        dequeue,
        const("size", 4, np.int32),
        node("name", "AsString", "size", T=np.int32),
        node("file", "ReadFile", "name"),
        node("decoded", "DecodeJpeg", "file"),
        node("photo", "Cast", "decoded", SrcT=np.uint8, DstT=np.float32),
        node("sum", "Add", "dequeue", "photo", T=np.float32),
    ]
    with pytest.raises(DlconvError, match="no output") as caught:
        contract_of(*nodes)
    assert "from dequeue (QueueDequeueV2), decoded (DecodeJpeg))" in str(caught.value)


def training_leftovers():
    """What a condition, an assert that was taken out, summaries and tables leave in a graph."""
    f, flag = np.float32, np.bool_
    return [
        placeholder("is_training", flag, ()),
        node("cond/Switch", "Switch", "is_training", "is_training", T=flag),
        node("cond/switch_t", "Identity", "cond/Switch:1", T=flag),
        node("cond/dropped", "Switch", "scores", "is_training", T=f),
        node("cond/kept", "Relu", "cond/dropped:1", T=f),
        const("zero", 0, f),
        node("are_positive", "Greater", "scores", "zero", T=f),
        const("axes", [0, 1, 2, 3], np.int32),
        node("assert/All", "All", "are_positive", "axes", Tidx=np.int32),
        node("tag", "AsString", "zero", T=f),
        node("summary", "HistogramSummary", "tag", "scores", T=f),
    ]


def test_what_training_leaves_behind_is_no_output():
    scores = [each for each in tiny_segmenter().node if each.op != "ArgMax"]
    out = node("out", "Relu", "scores", T=np.float32)
    found = found_in(graph_def(*scores, out, *training_leftovers()))
    assert [spec.node for spec in found.outputs] == ["out"]
    assert (
        lost(found, "output").items()
        >= {
            "cond/kept": "it has a value in one branch only",
            "cond/switch_t": "it has a value in one branch only",
            "assert/All": "All is a check, as asserts make them",
            "summary": "HistogramSummary gives text, as summaries do",
        }.items()
    )


def test_a_leftover_that_is_all_there_is_is_the_output():
    nodes = [
        placeholder("photo", np.float32, (1, 4, 4, 3)),
        const("zero", 0, np.float32),
        node("bright", "Greater", "photo", "zero", T=np.float32),
        const("axes", [0, 1, 2, 3], np.int32),
        node("all", "All", "bright", "axes", Tidx=np.int32),
    ]
    assert contract_of(*nodes).output.dtype == "bool"


def with_keep_prob(shape):
    """A flat or a whole image, and how much dropout keeps, which has no shape."""
    return [
        placeholder("pixels", np.float32, shape),
        node("keep_prob", "Placeholder", dtype=np.float32),
        node("out", "Mul", "pixels", "keep_prob", T=np.float32),
    ]


@pytest.mark.parametrize("shape", [(None, 48), (1, 4, 4, 3)])
def test_what_is_named_for_dropout_is_not_the_image(shape):
    found = found_in(graph_def(*with_keep_prob(shape)))
    assert (found.input.node, found.also_fed) == ("pixels", ("keep_prob",))
    assert lost(found, "input") == {"keep_prob": "a setting of training by its name"}
    with pytest.raises(DlconvError, match="2 placeholders: ") as caught:
        found.contract()
    assert "--set keep_prob=VALUE" in in_words(caught.value)


def test_text_is_no_image_and_what_decodes_it_is_named():
    file = node("file", "Placeholder")
    file.attr["dtype"].type = DataType.Value("DT_STRING")
    nodes = [
        file,
        node("decoded", "DecodeJpeg", "file"),
        node("out", "Cast", "decoded", SrcT=np.uint8, DstT=np.float32),
    ]
    assert found_in(graph_def(*nodes)).input.dtype == "string"
    with pytest.raises(DlconvError, match="file takes string, not an image") as caught:
        contract_of(*nodes)
    assert "--inputs NAME (here values come from decoded (DecodeJpeg))" in in_words(caught.value)
