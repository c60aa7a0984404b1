import numpy as np
import pytest
from support.deeplab import classifier, mirrored, on_mirrored_images
from support.graphs import const, convolution, graph_def, node, placeholder, resize
from support.sample import sample_graph
from support.shared import SHARED, needs_shared

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.inspect.inspection import inspect_graph

F, I = np.float32, np.int32  # noqa: E741


def preprocessing_of(graph):
    return inspect_graph(Graph(graph)).preprocessing


def found_in(*nodes):
    """What is found in a graph with these nodes, the last called ``image``, and a convolution."""
    return preprocessing_of(
        graph_def(
            placeholder("photo", F, (1, None, None, 3)),
            *nodes,
            const("kernel", np.ones((1, 1, 3, 2)), F),
            convolution("scores", "image" if nodes else "photo", "kernel"),
        )
    )


def test_deeplabs_is_read_from_the_graph(tmp_path):
    found = preprocessing_of(read_graph(sample_graph(tmp_path).path))
    assert found.scale == pytest.approx((2 / 255,))
    assert (found.mean, found.pad_value) == ((127.5,), (127.5,))
    assert found.resize == "bilinear to the photo's own size, corners aligned"
    assert found.not_understood is None


def test_a_mean_may_differ_from_channel_to_channel():
    found = preprocessing_of(classifier())
    assert (found.mean, found.scale) == ((120.0, 115.0, 100.0), (1.0,))
    assert (found.pad_value, found.resize) == (None, None)


def test_without_any_the_pixels_go_in_as_they_are():
    found = found_in()
    assert (found.mean, found.scale) == ((0.0,), (1.0,))


@pytest.mark.parametrize(
    ("op", "operands", "mean", "scale"),
    [
        ("Sub", ("photo", "c"), 4, 1),
        ("Sub", ("c", "photo"), 4, -1),
        ("AddV2", ("c", "photo"), -4, 1),
        ("Mul", ("photo", "c"), 0, 4),
        ("RealDiv", ("photo", "c"), 0, 0.25),
    ],
)
def test_arithmetic_with_a_constant_is_followed(op, operands, mean, scale):
    found = found_in(const("c", 4, F), node("image", op, *operands, T=F))
    assert (found.mean, found.scale) == ((mean,), (scale,))


def test_padding_to_a_size_is_told_as_a_pixel():
    extent = [node("extents", "Shape", "photo", T=F, out_type=I)]
    amounts = [const("ones", np.ones(4), I), node("less", "Sub", "extents", "ones", T=I)]
    paddings = [
        const("zeros", np.zeros(4), I),
        node("paddings", "Pack", "zeros", "less", T=I, N=2, axis=1),
    ]
    found = found_in(
        *extent,
        *amounts,
        *paddings,
        const("half", 0.5, F),
        node("halved", "Mul", "photo", "half", T=F),
        const("grey", 60, F),
        node("image", "PadV2", "halved", "paddings", "grey", T=F, Tpaddings=I),
    )
    assert (found.pad_value, found.scale) == ((120.0,), (0.5,))


def test_a_shape_taken_apart_and_a_mean_in_another_shape_are_followed():
    """As exports since 2019 write it: the padding is that of pixels less the mean."""
    found = found_in(
        const("colours", [100, 110, 120], F),
        const("image_like", [1, 1, 1, -1], I),
        node("mean", "Reshape", "colours", "image_like", T=F, Tshape=I),
        node("centred", "Sub", "photo", "mean", T=F),
        node("shape", "Shape", "centred", T=F, out_type=I),
        node("extents", "Unpack", "shape", T=I, num=4),
        const("crop", 65, I),
        const("zero", 0, I),
        const("none", [0, 0], I),
        node("bottom", "Sub", "crop", "extents:1", T=I),
        node("right", "Sub", "crop", "extents:2", T=I),
        node("below", "Pack", "zero", "bottom", T=I, N=2),
        node("beside", "Pack", "zero", "right", T=I, N=2),
        node("paddings", "Pack", "none", "below", "beside", "none", T=I, N=4),
        node("padded", "Pad", "centred", "paddings", T=F, Tpaddings=I),
        node("whole", "AddV2", "padded", "mean", T=F),
        const("half", 0.5, F),
        node("image", "Mul", "whole", "half", T=F),
    )
    assert (found.mean, found.scale, found.not_understood) == ((0.0,), (0.5,), None)
    assert found.pad_value == (100.0, 110.0, 120.0)


@needs_shared
def test_an_export_of_2019_is_understood():
    found = inspect_graph(Graph(read_graph(SHARED / "graphs" / "unpack.pb")))
    pixels = found.preprocessing
    assert (pixels.mean, pixels.pad_value) == ((127.5,), (127.5,))
    assert pixels.scale == pytest.approx((2 / 255,))
    assert (found.cost.multiply_adds, found.cost.unknown) == (33 * 33 * 4 * 3 * 3 * 3, 0)


def test_padding_by_constants_is_the_convolutions():
    paddings = const("paddings", [[0, 0], [3, 3], [3, 3], [0, 0]], I)
    found = found_in(paddings, node("image", "Pad", "photo", "paddings", T=F, Tpaddings=I))
    assert found.pad_value is None


def test_a_resize_is_told_with_its_size():
    size = const("size", [224, 192], I)
    assert found_in(size, resize("image", "photo", "size")).resize == "bilinear to 224 x 192"
    nearest = resize("image", "photo", "size", "ResizeNearestNeighbor")
    assert found_in(size, nearest).resize == "nearest to 224 x 192"


def test_a_resize_to_a_size_of_the_photos_own_making_varies():
    asked = [
        node("extents", "Shape", "photo", T=F, out_type=I),
        const("begin", [1], I),
        const("end", [3], I),
        const("stride", [1], I),
        node("size", "StridedSlice", "extents", "begin", "end", "stride", T=I),
    ]
    assert found_in(*asked, resize("image", "photo", "size")).resize.endswith("own size")
    doubled = [*asked, const("two", 2, I), node("twice", "Mul", "size", "two", T=I)]
    assert found_in(*doubled, resize("image", "photo", "twice")).resize.endswith("that varies")


def test_a_mirror_image_has_the_same_pixels():
    found = preprocessing_of(on_mirrored_images())
    assert (found.mean, found.scale) == ((120.0, 115.0, 100.0), (1.0,))


def test_images_of_two_scales_are_not_understood():
    halved = [const("half", 0.5, F), node("halved", "Mul", "photo", "half", T=F)]
    two = [const("two", 2.0, F), node("doubled", "Mul", "photo", "two", T=F)]
    found = found_in(*halved, *two, node("image", "AddV2", "halved", "doubled", T=F))
    assert (found.scale, found.not_understood) == (None, "AddV2 image")


def test_reversed_colours_are_not_the_same_pixels():
    axis, flipped = mirrored("image", "photo")
    axis.CopyFrom(const(axis.name, [3], I))
    assert found_in(axis, flipped).not_understood == "ReverseV2 image"


@pytest.mark.parametrize(
    ("op", "operands"),
    [("Sqrt", ("photo",)), ("RealDiv", ("c", "photo")), ("Sub", ("photo", "picture"))],
)
def test_what_is_not_understood_is_named(op, operands):
    constants = [const("c", 4, F), const("picture", np.ones((4, 4, 3)), F)]
    found = found_in(*constants, node("image", op, *operands, T=F))
    assert (found.mean, found.scale) == (None, None)
    assert found.not_understood == f"{op} image"
