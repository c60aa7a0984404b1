import functools
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.graphs import const, graph_def, node, tiny_segmenter
from support.real import TARBALLS
from support.running import (
    Session,
    assert_untouched,
    node_of,
    ops,
    result_of,
    rewritten,
    run,
    run_in_tfjs,
)
from support.shared import PHOTOS, ZOO, needs_shared

import dlconv.sample
from dlconv.convert.rewrite import rewrite
from dlconv.convert.rewrite.choose_output import LABEL_TYPES, choose_output
from dlconv.convert.rewrite.fix_input import fix_input
from dlconv.convert.rewrite.fold_constants import fold_constants
from dlconv.convert.targets.onnx.model import write_model
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.errors import DlconvError, UsageError
from dlconv.formats.frozen_graph import parse_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

F, U, I, L = np.float32, np.uint8, np.int32, np.int64  # noqa: E741
OUT = "SemanticPredictions"
IMAGE = np.random.default_rng(2).integers(0, 256, (1, 6, 5, 3)).astype(U)
SAMPLE = Path(dlconv.sample.__file__).parent


def graph_in(tarball):
    with tarfile.open(tarball) as archive:
        (member,) = [m for m in archive.getmembers() if m.name.endswith("inference_graph.pb")]
        return parse_graph(archive.extractfile(member).read(), member.name)


@functools.cache
def sample():
    return graph_in(SAMPLE / "deeplabv3_mnv2_sample.tar.gz")


def photo(path, size):
    """A photo of exactly that height and width."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((size[1], size[0])))[None]


def sample_photo(size=(129, 97)):
    return photo(sorted((SAMPLE / "photos").glob("*.png"))[0], size)


def choose(kind="labels", dtype=None, output=OUT):
    return lambda graph: choose_output(graph, output, kind, dtype)


def behind_argmax(*nodes, **options):
    """The small segmenter, whose ArgMax is called ``labels``, and what follows it."""
    return graph_def(*tiny_segmenter(output_name="labels", **options).node, *nodes)


def resized_labels(*, to_input=True):
    """Labels that are resized by nearest neighbours, as newer exports do."""
    size = (
        [
            node("shape", "Shape", "ImageTensor", T=U, out_type=I),
            const("one", [1], I),
            const("three", [3], I),
            node("size", "StridedSlice", "shape", "one", "three", "one", T=I, Index=I),
        ]
        if to_input
        else [const("size", [12, 10], I)]
    )
    return behind_argmax(
        *size,
        node("whole", "Cast", "labels", SrcT=L, DstT=I),
        const("last", 3, I),
        node("thick", "ExpandDims", "whole", "last", T=I, Tdim=I),
        node("nearest", "ResizeNearestNeighbor", "thick", "size", T=I, align_corners=True),
        node("thin", "Squeeze", "nearest", T=I, squeeze_dims=[3]),
        node(OUT, "Identity", "thin", T=I),
    )


def cropped_labels(size):
    """Labels of which a corner is taken."""
    return behind_argmax(
        const("begin", [0, 1, 1], I),
        const("size", size, I),
        node(OUT, "Slice", "labels", "begin", "size", T=L, Index=I),
    )


FORMS = {
    "plain": tiny_segmenter(),
    "resized": resized_labels(),
    "enlarged": resized_labels(to_input=False),
    "cropped": cropped_labels([1, 4, 3]),
    "cropped to the end": cropped_labels([1, -1, -1]),
    "cast": behind_argmax(node(OUT, "Cast", "labels", SrcT=L, DstT=I)),
}


@pytest.mark.parametrize("dtype", LABEL_TYPES)
@pytest.mark.parametrize("form", FORMS)
def test_labels_of_each_type_are_the_labels(form, dtype):
    graph = rewritten(choose("labels", dtype), FORMS[form])
    labels = run(graph, OUT, ImageTensor=IMAGE)
    assert labels.dtype == np.dtype(dtype)
    assert find_contract(Graph(graph)).output.dtype == dtype
    assert np.array_equal(labels, run(FORMS[form], OUT, ImageTensor=IMAGE))


@pytest.mark.parametrize("form", FORMS)
def test_whole_types_need_no_cast(form):
    for dtype in ("int32", "int64"):
        of_pixels = ops(result_of(choose("labels", dtype), FORMS[form])).count("Cast")
        assert of_pixels == 1
    assert ops(result_of(choose("labels", "uint8"), FORMS[form])).count("Cast") == 2


def test_labels_that_others_read_are_cast_at_the_end():
    other = node("other", "Cast", "labels", SrcT=L, DstT=F)
    graph = behind_argmax(node(OUT, "Identity", "labels", T=L), other)
    changed = rewritten(choose("labels", "int32"), graph)
    assert node_of(changed, "labels") == node_of(graph, "labels")
    labels = run(graph, OUT, ImageTensor=IMAGE)
    assert np.array_equal(run(changed, OUT, ImageTensor=IMAGE), labels)


def test_labels_as_they_are_are_left_alone():
    for graph in FORMS.values():
        assert_untouched(choose(), graph)
    assert_untouched(choose("labels", "int64"), tiny_segmenter())


def test_uint8_does_not_hold_more_classes_than_it_can():
    for classes, fits in ((256, True), (257, False)):
        kernel = np.zeros((1, 1, 3, classes), F)
        graph = tiny_segmenter(classes=classes, kernel=kernel)
        if fits:
            result_of(choose("labels", "uint8"), graph)
            continue
        with pytest.raises(DlconvError, match="cannot hold the labels of 257 classes"):
            result_of(choose("labels", "uint8"), graph)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "enlarged"])
def test_the_best_score_is_the_label(form):
    labels = run(FORMS[form], OUT, ImageTensor=IMAGE)
    for kind, name in (("scores", "Scores"), ("probabilities", "Probabilities")):
        graph = result_of(choose(kind), FORMS[form])
        assert "ArgMax" not in ops(graph)
        contract = find_contract(Graph(graph))
        assert (contract.output.node, contract.output.dtype) == (name, "float32")
        assert contract.classes == 3
        assert_untouched(choose(kind, output=name), graph)
        values = run(graph, name, ImageTensor=IMAGE)
        assert values.shape == (*labels.shape, 3)
        assert np.array_equal(values.argmax(-1), labels)
    assert np.allclose(values.sum(-1), 1, atol=1e-6)
    assert values.min() >= 0


def test_labels_at_another_size_have_no_scores():
    with pytest.raises(DlconvError, match="not available at the photo's size"):
        result_of(choose("scores"), FORMS["enlarged"])


@pytest.mark.parametrize(
    "last",
    [
        [const("a", 1, I), node(OUT, "ExpandDims", "labels", "a", T=L, Tdim=I)],
        [const("a", 3, I), node(OUT, "ExpandDims", "labels", "a", T=L, Tdim=I)],
        [node(OUT, "Squeeze", "labels", T=L, squeeze_dims=[0])],
        [node(OUT, "Neg", "labels", T=L)],
        [const("a", [0, 0], I), node(OUT, "Slice", "labels", "a", "a", T=L, Index=I)],
        [node("other", "Neg", "labels", T=L), node(OUT, "Identity", "labels", T=L)],
    ],
)
def test_labels_that_scores_cannot_follow_are_refused(last):
    with pytest.raises(DlconvError):
        result_of(choose("scores"), behind_argmax(*last))


def test_a_graph_without_labels_is_refused():
    graph = graph_def(*tiny_segmenter().node[:-1])
    for kind, dtype in (("scores", None), ("labels", "int32")):
        with pytest.raises(DlconvError):
            choose_output(Graph(graph), "scores", kind, dtype)


def test_what_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="labels, scores, probabilities, not masks"):
        result_of(choose("masks"), tiny_segmenter())
    for kind, dtype in (("labels", "float32"), ("scores", "int32")):
        with pytest.raises(UsageError, match="cannot be"):
            result_of(choose(kind, dtype), tiny_segmenter())
    with pytest.raises(DlconvError, match="no node called Nothing"):
        choose_output(Graph(tiny_segmenter()), "Nothing", "scores")


# The sample model


def at_the_crop(graph):
    return fix_input(graph, "ImageTensor", (129, 129), (129, 129))


def finished(graph):
    return result_of(fold_constants, result_of(rewrite, graph))


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("kind", ["scores", "probabilities"])
def test_scores_of_the_sample_model(kind, fixed, tmp_path):
    graph = result_of(at_the_crop, sample()) if fixed else sample()
    image = sample_photo((129, 129)) if fixed else sample_photo()
    labels = run(sample(), OUT, ImageTensor=image)
    graph = finished(result_of(choose(kind), graph))
    contract = find_contract(Graph(graph))
    assert (contract.crop, contract.classes) == ((129, 129), 5)
    values = run(graph, contract.output.node, ImageTensor=image)
    assert np.array_equal(values.argmax(-1), labels)
    path = tmp_path / "scores.onnx"
    write_model(to_onnx(Graph(graph), contract), path)
    (computed,) = onnx_session(path).run(None, {"ImageTensor": image})
    assert np.abs(computed - values).max() < 1e-3


def onnx_session(path):
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("dtype", LABEL_TYPES)
def test_labels_of_the_sample_model(dtype, tmp_path):
    graph = finished(result_of(choose("labels", dtype), sample()))
    image = sample_photo()
    labels = run(sample(), OUT, ImageTensor=image)
    assert np.array_equal(run(graph, OUT, ImageTensor=image), labels)
    assert np.array_equal(run_in_tfjs(graph, tmp_path / "tfjs", image), labels)
    write_model(to_onnx(Graph(graph), find_contract(Graph(graph))), tmp_path / "labels.onnx")
    (computed,) = onnx_session(tmp_path / "labels.onnx").run(None, {"ImageTensor": image})
    assert computed.dtype == np.dtype(dtype)
    assert np.array_equal(computed, labels)


# The real networks, in both forms that exports have


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("model", TARBALLS)
def test_outputs_of_real_networks(model):
    original = graph_in(ZOO / "models" / TARBALLS[model])
    image = photo(sorted(PHOTOS.glob("*.jpg"))[0], (385, 513))
    with Session(original) as session:
        labels = session.run(OUT, ImageTensor=image)
    for dtype in LABEL_TYPES:
        graph = finished(result_of(choose("labels", dtype), original))
        found = run(graph, OUT, ImageTensor=image)
        assert found.dtype == np.dtype(dtype)
        assert np.array_equal(found, labels)
    for kind, name in (("scores", "Scores"), ("probabilities", "Probabilities")):
        values = run(finished(result_of(choose(kind), original)), name, ImageTensor=image)
        assert np.array_equal(values.argmax(-1), labels)
    assert np.allclose(values.sum(-1), 1, atol=1e-5)
