import functools
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.graphs import (
    const,
    convolution,
    graph_def,
    node,
    placeholder,
    resize,
    space_to_batch,
    tiny_segmenter,
)
from support.real import TARBALLS
from support.running import (
    Session,
    assert_untouched,
    node_of,
    result_of,
    rewritten,
    run,
    run_in_tfjs,
)
from support.shared import PHOTOS, SHARED, ZOO, needs_shared

import dlconv.sample
from dlconv.convert.rewrite import rewrite
from dlconv.convert.rewrite.choose_input import choose_input
from dlconv.convert.rewrite.fix_input import fix_input
from dlconv.convert.rewrite.fold_constants import fold_constants
from dlconv.convert.targets.onnx.model import write_model
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.errors import DlconvError, UsageError
from dlconv.formats.frozen_graph import parse_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime

F, U, I = np.float32, np.uint8, np.int32  # noqa: E741
OUT = "SemanticPredictions"
CROP = (129, 129)
GONE = ("Pad", "Slice", "Shape", "StridedSlice", "Pack", "SpaceToBatchND", "BatchToSpaceND", "AddN")
SAMPLE = Path(dlconv.sample.__file__).parent
SAMPLE_PHOTOS = sorted((SAMPLE / "photos").glob("*.png"))


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


def fix(size, crop=CROP):
    return lambda graph: fix_input(graph, "ImageTensor", size, crop)


def feed(dtype):
    return lambda graph: choose_input(graph, "ImageTensor", dtype)


def finished(graph):
    return result_of(fold_constants, result_of(rewrite, graph))


def op_counts(graph):
    return Counter(n.op for n in result_of(fuse_convolutions, graph).node if n.op != "Const")


def down(labels, size):
    """Labels of every pixel that a smaller photo has with aligned corners."""
    rows, columns = (
        np.round(np.linspace(0, have - 1, want)).astype(int)
        for have, want in zip(labels.shape[1:], size, strict=True)
    )
    return labels[:, rows][:, :, columns]


# At the crop


def test_at_the_crop_only_the_placeholder_changes():
    graph = rewritten(fix(CROP), sample())
    assert find_contract(Graph(graph)).input.shape == (1, *CROP, 3)
    changed = [a.name for a, b in zip(sample().node, graph.node, strict=True) if a != b]
    assert changed == ["ImageTensor"]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_at_the_crop_the_labels_are_the_same(dtype):
    graph = finished(result_of(feed(dtype), result_of(fix(CROP), sample())))
    with Session(sample()) as original, Session(graph) as fixed:
        for path in SAMPLE_PHOTOS:
            image = photo(path, CROP)
            labels = original.run(OUT, ImageTensor=image)
            assert np.array_equal(fixed.run(OUT, ImageTensor=image.astype(dtype)), labels)


@pytest.mark.parametrize("size", [CROP, (65, 65), (97, 130)])
@pytest.mark.parametrize(("dtype", "most"), [("uint8", 75), ("float32", 74)])
def test_what_a_fixed_size_makes_superfluous_is_gone(size, dtype, most):
    graph = finished(result_of(feed(dtype), result_of(fix(size), sample())))
    counts = op_counts(graph)
    assert not counts.keys() & set(GONE)
    assert sum(counts.values()) <= most
    assert finished(graph) == graph
    contract = find_contract(Graph(graph))
    assert (contract.crop, contract.output.shape) == (size, (1, *size))


# At another size


def fed(graph, image, size, features):
    """Labels at another size, by feeding the original what stands for its crop.

    The window of the pooling is no tensor: its mean is computed here and fed too.
    """
    crop = np.array(size, I)
    sizes = {
        "sub/x": crop[0],
        "sub_1/x": crop[1],
        "Shape_4": np.array([1, *size, 3], I),
        "ResizeBilinear_1/size": np.array(features, I),
        "ResizeBilinear_2/size": np.array(features, I),
    }
    with Session(graph) as session:
        pooled = node_of(graph, "AvgPool2D/AvgPool").input[0]
        last = session.run(pooled, ImageTensor=image, **sizes)
        assert last.shape[1:3] == features
        mean = last.mean(axis=(1, 2), keepdims=True)
        return session.run(OUT, ImageTensor=image, **sizes, **{"AvgPool2D/AvgPool": mean})


@pytest.mark.parametrize(
    ("size", "features"), [((65, 65), (9, 9)), ((97, 65), (13, 9)), ((193, 161), (25, 21))]
)
def test_another_size_is_the_network_with_other_constants(size, features):
    graph = rewritten(fix(size), sample())
    small = finished(graph)
    for path in SAMPLE_PHOTOS[:2]:
        image = photo(path, size)
        labels = run(small, OUT, ImageTensor=image)
        assert (labels != fed(sample(), image, size, features)).mean() < 1e-3
        assert np.array_equal(run(graph, OUT, ImageTensor=image), labels)


def test_labels_at_another_size_make_sense():
    size, hits = (97, 97), []
    small = finished(result_of(fix(size), sample()))
    with Session(sample()) as original, Session(small) as fixed:
        for path in SAMPLE_PHOTOS:
            labels = original.run(OUT, ImageTensor=photo(path, CROP))
            hits.append(fixed.run(OUT, ImageTensor=photo(path, size)) == down(labels, size))
    assert np.mean(hits) > 0.8


@pytest.mark.parametrize("size", [(32, 33), (64, 80), (100, 131)])
def test_sizes_that_atrous_convolutions_would_not_divide(size):
    graph = finished(result_of(fix(size), sample()))
    labels = run(graph, OUT, ImageTensor=photo(SAMPLE_PHOTOS[0], size))
    assert labels.shape == (1, *size)


def test_the_order_of_the_passes_does_not_matter():
    size = (65, 97)
    first = finished(result_of(fix(size), sample()))
    last = finished(result_of(fix(size), finished(sample())))
    image = photo(SAMPLE_PHOTOS[0], size)
    assert np.array_equal(run(first, OUT, ImageTensor=image), run(last, OUT, ImageTensor=image))


@pytest.mark.parametrize("size", [CROP, (65, 65)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_tfjs_and_onnx_runtime_run_it(size, dtype, tmp_path):
    graph = Graph(finished(result_of(feed(dtype), result_of(fix(size), sample()))))
    image = photo(SAMPLE_PHOTOS[0], size).astype(dtype)
    labels = run(graph.graph_def, OUT, ImageTensor=image)
    fused = result_of(fuse_convolutions, graph.graph_def)
    in_tfjs = run_in_tfjs(fused, tmp_path / "tfjs", image.astype(U))
    assert np.array_equal(in_tfjs, labels)
    write_model(to_onnx(graph, find_contract(graph)), tmp_path / "model.onnx")
    with OnnxruntimeRuntime(tmp_path / "model.onnx") as runtime:
        assert np.array_equal(runtime.infer(image).labels, labels)


# Small networks


def sides_of_2018(target):
    """What the image lacks of the crop, ``bottom`` and ``right``, never less than nothing."""
    one = {"T": I, "Index": I, "shrink_axis_mask": 1}
    return [
        *(const(f"at{i}", [i], I) for i in range(1, 4)),
        node("rows", "StridedSlice", "shape", "at1", "at2", "at1", **one),
        node("columns", "StridedSlice", "shape", "at2", "at3", "at1", **one),
        const("crop", target, I),
        node("sub", "Sub", "crop", "rows", T=I),
        node("sub_1", "Sub", "crop", "columns", T=I),
        node("bottom", "Maximum", "sub", "zero", T=I),
        node("right", "Maximum", "sub_1", "zero", T=I),
    ]


def sides_of_2019(target):
    """The same of an image that is no larger than the crop, from its shape taken apart."""
    return [
        node("extents", "Unpack", "shape", T=I, num=4),
        const("crop", target, I),
        node("bottom", "Sub", "crop", "extents:1", T=I),
        node("right", "Sub", "crop", "extents:2", T=I),
    ]


def tiny_network(*resizes, target=64, pool=8, scores="up", sides_of=sides_of_2018):
    """A stride of 8, a pooling over all features, and scores resized to the crop."""
    padding = [
        node("shape", "Shape", "float", T=F, out_type=I),
        const("zero", 0, I),
        *sides_of(target),
        const("none", [0, 0], I),
        node("below", "Pack", "zero", "bottom", T=I, N=2),
        node("beside", "Pack", "zero", "right", T=I, N=2),
        node("paddings", "Pack", "none", "below", "beside", "none", T=I, N=4),
        node("padded", "Pad", "float", "paddings", T=F, Tpaddings=I),
    ]
    kernel = np.random.default_rng(4).normal(size=(3, 3, 3, 3)).astype(F)
    window = {"ksize": [1, pool, pool, 1], "strides": [1, 1, 1, 1], "padding": b"VALID"}
    return graph_def(
        placeholder("ImageTensor", U, (1, None, None, 3)),
        node("float", "Cast", "ImageTensor", SrcT=U, DstT=F),
        *padding,
        const("kernel", kernel),
        convolution("features", "padded", "kernel", strides=(8, 8)),
        node("pooled", "AvgPool", "features", T=F, data_format=b"NHWC", **window),
        const("feature_size", [pool, pool], I),
        resize("spread", "pooled", "feature_size", align_corners=True),
        node("sum", "Add", "features", "spread", T=F),
        *resizes,
        const("image_size", [target, target], I),
        resize("up", "sum", "image_size", align_corners=True),
        const("axis", 3, I),
        node(OUT, "ArgMax", scores, "axis", T=F, Tidx=I, output_type=np.int64),
    )


def test_constants_that_others_read_are_left_to_them():
    sizes = node("other", "Add", "crop", "crop", T=I)
    product = node("product", "Mul", "image_size", "feature_size", T=I)
    graph = graph_def(*tiny_network().node, sizes, product)
    fixed = result_of(fix((40, 56), (64, 64)), graph)
    for name in ("crop", "image_size", "feature_size"):
        assert node_of(fixed, name) == node_of(graph, name)
    image = np.random.default_rng(5).integers(0, 256, (1, 40, 56, 3)).astype(U)
    assert run(fixed, OUT, ImageTensor=image).shape == (1, 40, 56)
    assert list(node_of(fixed, "pooled").attr["ksize"].list.i) == [1, 5, 7, 1]


@pytest.mark.parametrize("size", [(96, 96), (40, 48)])
def test_a_shape_taken_apart_and_a_padding_without_a_maximum_are_followed(size):
    image = np.random.default_rng(1).integers(0, 256, (1, *size, 3), U)
    old, new = (
        result_of(fix(size, (64, 64)), tiny_network(sides_of=sides_of))
        for sides_of in (sides_of_2018, sides_of_2019)
    )
    scores = run(new, "up", ImageTensor=image)
    assert scores.shape == (1, *size, 3)
    assert np.array_equal(scores, run(old, "up", ImageTensor=image))


def with_photos_resized_to(longest, graph):
    """The same graph, but that the photo's longer side becomes so long, as min_resize has it."""
    node_of(graph, "float").name = "cast"
    graph.node.extend(
        [
            node("own_shape", "Shape", "cast", T=F, out_type=I),
            *(const(f"own_{key}", [value], I) for key, value in zip("bes", (1, 3, 1), strict=True)),
            node("own", "StridedSlice", "own_shape", "own_b", "own_e", "own_s", T=I, Index=I),
            node("sides", "Cast", "own", SrcT=I, DstT=F),
            const("first", [0], I),
            node("longer", "Max", "sides", "first", T=F, Tidx=I),
            const("longest", longest, F),
            node("factor", "RealDiv", "longest", "longer", T=F),
            node("scaled", "Mul", "sides", "factor", T=F),
            node("floor", "Floor", "scaled", T=F),
            node("range", "Cast", "floor", SrcT=F, DstT=I),
            resize("float", "cast", "range", align_corners=True),
        ]
    )
    return graph


@pytest.mark.parametrize("size", [(96, 96), (40, 48)])
def test_photos_that_were_resized_to_the_crop_go_in_as_they_are(size):
    image = np.random.default_rng(1).integers(0, 256, (1, *size, 3), U)
    plain, resized = (
        result_of(fix(size, (64, 64)), graph)
        for graph in (tiny_network(), with_photos_resized_to(64, tiny_network()))
    )
    scores = run(resized, "up", ImageTensor=image)
    assert np.array_equal(scores, run(plain, "up", ImageTensor=image))


@needs_shared
def test_an_export_of_2019_is_the_same_network_with_other_constants():
    graph = parse_graph((SHARED / "graphs" / "unpack.pb").read_bytes(), "unpack.pb")
    image = np.random.default_rng(1).integers(0, 256, (1, 97, 97, 3), U)
    feeds = {"sub_1/x": 97, "sub_2/x": 97, "ResizeBilinear/size": [97, 97]}
    expected = run(graph, OUT, ImageTensor=image, **feeds)
    fixed = result_of(fix((97, 97), (65, 65)), graph)
    assert np.array_equal(run(fixed, OUT, ImageTensor=image), expected)


def test_a_window_that_is_not_the_whole_is_left_alone():
    graph = tiny_network()
    node_of(graph, "pooled").attr["ksize"].list.i[:] = [1, 1, 1, 1]
    node_of(graph, "spread").input[0] = "features"
    fixed = result_of(fix((40, 56), (64, 64)), graph)
    assert list(node_of(fixed, "pooled").attr["ksize"].list.i) == [1, 1, 1, 1]


def test_the_size_it_has_is_left_alone():
    for size in ((64, 64), (40, 56)):
        assert_untouched(fix(size, (64, 64)), result_of(fix(size, (64, 64)), tiny_network()))


def test_sizes_out_of_range_are_refused():
    for size in ((31, 64), (64, 31), (4097, 64), (0, 0), (-1, -1)):
        with pytest.raises(UsageError, match=f"32 to 4096.*{size[0]} x {size[1]}"):
            result_of(fix(size), sample())


def test_a_graph_that_does_not_show_its_crop_is_refused():
    assert result_of(fix((64, 64), (64, 64)), tiny_segmenter())
    with pytest.raises(DlconvError, match="does not show its crop of 64 x 64"):
        result_of(fix((32, 32), (64, 64)), tiny_segmenter())
    with pytest.raises(DlconvError, match="does not show its crop of 99 x 99"):
        result_of(fix((32, 32), (99, 99)), tiny_network())


def test_a_resize_to_a_size_that_nothing_has_is_refused():
    odd = [const("odd_size", [7, 7], I), resize("odd", "sum", "odd_size")]
    with pytest.raises(DlconvError, match="constant extent 7, and at the crop no features"):
        result_of(fix((40, 56), (64, 64)), tiny_network(*odd))


def test_a_graph_that_pads_one_side_is_refused():
    graph = tiny_network()
    node_of(graph, "bottom").op = "Minimum"
    with pytest.raises(DlconvError, match="pads one side"):
        result_of(fix((40, 56), (64, 64)), graph)


def test_labels_of_another_size_than_the_photo_are_refused():
    graph = tiny_network(scores="sum")
    with pytest.raises(DlconvError, match="does not give labels of 40 x 56"):
        result_of(fix((40, 56), (64, 64)), graph)


def test_features_that_cannot_be_split_are_refused():
    split = [
        *space_to_batch("split", "features", [2, 2], [[0, 0], [0, 0]]),
        const("kept", [0], I),
    ]
    graph = graph_def(*tiny_network().node, *split)
    with pytest.raises(DlconvError, match="split cannot split"):
        result_of(fix((40, 56), (64, 64)), graph)


@pytest.mark.parametrize("shape", [(1, None, None), (2, None, None, 3), (1, None, None, 4)])
def test_an_input_that_is_no_photo_is_refused(shape):
    graph = graph_def(placeholder("ImageTensor", U, shape), *tiny_segmenter().node[1:])
    with pytest.raises(DlconvError, match="no RGB image"):
        result_of(fix((64, 64), (64, 64)), graph)


def test_an_input_that_is_not_there_is_refused():
    for name in ("Nothing", "weights"):
        with pytest.raises(DlconvError, match=f"no placeholder called {name}"):
            fix_input(Graph(tiny_segmenter()), name, (64, 64), (64, 64))


# The real networks


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("model", TARBALLS)
def test_real_networks_at_the_crop(model):
    original = graph_in(ZOO / "models" / TARBALLS[model])
    image = photo(sorted(PHOTOS.glob("*.jpg"))[0], (513, 513))
    labels = run(original, OUT, ImageTensor=image)
    fixed = result_of(fix((513, 513), (513, 513)), original)
    for dtype, most in (("uint8", 75), ("float32", 74)):
        graph = finished(result_of(feed(dtype), fixed))
        counts = op_counts(graph)
        assert not counts.keys() & set(GONE)
        assert sum(counts.values()) <= (most + 2 if model.endswith("dm05") else most)
        assert np.array_equal(run(graph, OUT, ImageTensor=image.astype(dtype)), labels)


@needs_shared
@pytest.mark.slow
def test_a_real_network_at_low_resolution():
    original = graph_in(ZOO / "models" / TARBALLS["real_mnv2"])
    paths = sorted(PHOTOS.glob("*.jpg"))[:6]
    with Session(original) as session:
        full = [session.run(OUT, ImageTensor=photo(path, (513, 513))) for path in paths]
    for size, features in (((257, 257), (33, 33)), ((193, 257), (25, 33))):
        small = finished(result_of(fix(size, (513, 513)), original))
        with Session(small) as session:
            labels = [session.run(OUT, ImageTensor=photo(path, size)) for path in paths]
        same = [a == down(b, size) for a, b in zip(labels, full, strict=True)]
        assert np.mean(same) > 0.85
        by_feeding = fed(original, photo(paths[0], size), size, features)
        assert (labels[0] != by_feeding).mean() < 1e-3
