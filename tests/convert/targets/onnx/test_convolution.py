import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support.graphs import const, data_type, node
from support.onnx_operations import assert_same, graph_of, kinds, written
from support.windows import (
    attributes,
    borders,
    fits,
    gaps,
    images,
    kernels,
    paddings,
    some,
    steps,
    with_channels_last,
)

from dlconv.errors import DlconvError


@given(images, kernels, steps, gaps, paddings, borders)
@example((6, 7), (3, 3), (4, 4), (1, 1), "SAME", [0] * 4)
@example((8, 6), (3, 2), (2, 3), (1, 1), "SAME", [0] * 4)
@example((8, 6), (3, 2), (2, 3), (2, 1), "SAME", [0] * 4)
@settings(max_examples=25)
def test_convolutions(sizes, kernel, strides, rates, padding, border):
    assume(fits(sizes, kernel, rates, padding, border))
    nodes = [
        const("k", some(*kernel, 3, 4)),
        node("y", "Conv2D", "x", "k", **attributes(strides, rates, padding, border)),
    ]
    assert_same(nodes, {"x": some(2, *sizes, 3)})


@given(images, kernels, steps, gaps, paddings, borders)
@settings(max_examples=15)
def test_channels_first(sizes, kernel, strides, rates, padding, border):
    assume(fits(sizes, kernel, rates, padding, border))

    def build(name, source, data_format):
        options = attributes(strides, rates, padding, border, data_format)
        return [const("k", some(*kernel, 3, 4)), node(name, "Conv2D", source, "k", **options)]

    assert_same(build("y", "x", "NCHW"), {"x": some(2, 3, *sizes)}, like=with_channels_last(build))


@given(images, kernels, steps, gaps, paddings, borders)
@settings(max_examples=15)
def test_kernels_that_are_computed(sizes, kernel, strides, rates, padding, border):
    assume(fits(sizes, kernel, rates, padding, border))
    convolved = node("y", "Conv2D", "x", "k", **attributes(strides, rates, padding, border))
    assert_same([convolved], {"x": some(2, *sizes, 3), "k": some(*kernel, 3, 4)})


@given(
    images,
    kernels,
    st.integers(1, 3),
    gaps,
    paddings,
    borders,
    st.integers(1, 3),
    st.integers(1, 4),
)
@settings(max_examples=25)
def test_depthwise(sizes, kernel, stride, rates, padding, border, multiplier, channels):
    rates = rates if stride == 1 else (1, 1)
    assume(fits(sizes, kernel, rates, padding, border))
    options = attributes((stride, stride), rates, padding, border)
    nodes = [
        const("k", some(*kernel, channels, multiplier)),
        node("y", "DepthwiseConv2dNative", "x", "k", **options),
    ]
    assert_same(nodes, {"x": some(2, *sizes, channels)})


def test_depthwise_kernel_that_is_computed():
    nodes = [node("y", "DepthwiseConv2dNative", "x", "k", **attributes((2, 2)))]
    feeds = {"x": some(1, 7, 2, 2), "k": some(3, 3, 2, 2)}
    assert_same(nodes, feeds, known=(2, 3))
    with pytest.raises(DlconvError, match="how many channels its kernel has is not known"):
        written(graph_of(nodes, feeds, free=True), "y")


@given(images, kernels, steps, paddings, borders, st.integers(2, 3))
@settings(max_examples=15)
def test_groups(sizes, kernel, strides, padding, border, groups):
    assume(fits(sizes, kernel, (1, 1), padding, border))
    nodes = [
        const("k", some(*kernel, 2, 2 * groups)),
        node("y", "Conv2D", "x", "k", **attributes(strides, (1, 1), padding, border)),
    ]
    assert_same(nodes, {"x": some(2, *sizes, 2 * groups)}, known=(3,))


@given(
    st.tuples(*[st.integers(1, 7)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3),
    st.sampled_from(["SAME", "VALID"]),
)
@settings(max_examples=20)
def test_volumes(sizes, kernel, strides, padding):
    assume(fits(sizes, kernel, (1, 1, 1), padding, [0] * 6))
    nodes = [
        const("k", some(*kernel, 2, 3)),
        node("y", "Conv3D", "x", "k", **attributes(strides, (1, 1, 1), padding, (), "NDHWC")),
    ]
    assert_same(nodes, {"x": some(2, *sizes, 2)})


def test_volumes_with_channels_first():
    def build(name, source, data_format):
        options = attributes((2, 1, 2), (1, 1, 1), data_format=data_format)
        return [const("k", some(3, 2, 3, 3, 4)), node(name, "Conv3D", source, "k", **options)]

    like = with_channels_last(build, rank=5)
    assert_same(build("y", "x", "NCDHW"), {"x": some(2, 3, 5, 6, 4)}, like=like)


def test_image_of_unknown_rank():
    nodes = [
        node("image", "Reshape", "x", "shape", T=np.float32, Tshape=np.int32),
        const("k", some(3, 3, 3, 4)),
        node("y", "Conv2D", "image", "k", **attributes((2, 2))),
    ]
    assert_same(nodes, {"x": some(150), "shape": np.array([2, 5, 5, 3], np.int32)})


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_types(dtype):
    nodes = [
        const("k", some(3, 3, 3, 4), dtype),
        node("y", "Conv2D", "x", "k", **attributes((2, 2), dtype=dtype)),
    ]
    assert_same(
        nodes, {"x": some(2, 8, 5, 3, dtype=dtype)}, close=1e-3 if dtype == np.float16 else 1e-5
    )


@given(images, kernels, steps, st.sampled_from(["VALID", "SAME", "EXPLICIT"]))
@settings(max_examples=15)
def test_fixed_sizes_are_one_node(sizes, kernel, strides, padding):
    assume(fits(sizes, kernel, padding=padding))
    nodes = [
        const("k", some(*kernel, 3, 4)),
        node("y", "Conv2D", "x", "k", **attributes(strides, padding=padding)),
    ]
    assert kinds(nodes, {"x": some(1, *sizes, 3)}) == ["Conv"]


@pytest.mark.parametrize(
    ("size", "stride", "rate"), [(3, 1, 2), (1, 2, 1), (2, 3, 1), (4, 2, 1), (3, 2, 1)]
)
def test_free_sizes_are_one_node_where_the_padding_is_the_same_for_all(size, stride, rate):
    nodes = [
        const("k", some(size, size, 3, 4)),
        node("y", "Conv2D", "x", "k", **attributes((stride, stride), (rate, rate))),
    ]
    assert kinds(nodes, {"x": some(1, 9, 9, 3)}, free=True) == ["Conv"]


def convolved(channels=4, data_format="NHWC", source="x", name="conv") -> list:
    return [
        const("k", some(3, 3, 3, channels)),
        node(name, "Conv2D", source, "k", **attributes(data_format=data_format)),
    ]


def summed(bias, op="AddV2", source="conv", name="y", **options) -> list:
    return [
        const("b", bias, np.float32),
        node(name, op, source, "b", T=np.float32, **options),
    ]


@pytest.mark.parametrize("op", ["BiasAdd", "BiasAddV1", "Add", "AddV2"])
def test_bias_joins_a_convolution(op):
    nodes = [*convolved(), *summed([1, 2, 3, 4], op)]
    assert kinds(nodes, {"x": some(1, 5, 5, 3)}) == ["Conv"]
    assert_same(nodes, {"x": some(2, 5, 5, 3)})


@pytest.mark.parametrize("shape", [(1, 4), (1, 1, 4), (1, 1, 1, 4)])
def test_constant_that_is_added_to_each_channel_joins_a_convolution(shape):
    bias = const("b", np.reshape([1, 2, 3, 4], shape), np.float32)
    nodes = [*convolved(), bias, node("y", "Add", "b", "conv", T=np.float32)]
    assert kinds(nodes, {"x": some(1, 5, 5, 3)}) == ["Conv"]
    assert_same(nodes, {"x": some(2, 5, 5, 3)})


@pytest.mark.parametrize("shape", [(4, 1, 1), (1, 4, 1, 1)])
def test_constant_joins_a_convolution_with_channels_first(shape):
    bias = np.reshape([1, 2, 3, 4], shape)
    nodes = [*convolved(data_format="NCHW"), *summed(bias)]
    like = with_channels_last(
        lambda name, source, data_format: [
            *convolved(source=source),
            *summed([1, 2, 3, 4], name=name),
        ]
    )
    assert kinds(nodes, {"x": some(1, 3, 5, 5)}) == ["Conv"]
    assert_same(nodes, {"x": some(2, 3, 5, 5)}, like=like)


def test_bias_joins_a_convolution_with_channels_first():
    def build(name, source, data_format):
        options = {"data_format": data_format.encode()}
        return [
            *convolved(data_format=data_format, source=source),
            *summed([1, 2, 3, 4], "BiasAdd", name=name, **options),
        ]

    nodes = build("y", "x", "NCHW")
    assert kinds(nodes, {"x": some(1, 3, 5, 5)}) == ["Conv"]
    assert_same(nodes, {"x": some(2, 3, 5, 5)}, like=with_channels_last(build))


@pytest.mark.parametrize("op", ["BiasAdd", "AddV2"])
@pytest.mark.parametrize("source", ["conv", "same"])
def test_bias_does_not_join_a_convolution_that_another_node_reads(op, source):
    nodes = [
        *convolved(),
        node("same", "Identity", "conv", T=np.float32),
        *summed([1, 2, 3, 4], op, source, name="biased"),
        node("y", "Mul", "conv", "biased", T=np.float32),
    ]
    assert kinds(nodes, {"x": some(1, 5, 5, 3)}) == ["Conv", "Add", "Mul"]
    assert_same(nodes, {"x": some(2, 5, 5, 3)})


@pytest.mark.parametrize(
    ("channels", "bias"),
    [
        (1, [1, 2, 3, 4]),
        (4, [1]),
        (4, 1),
        (4, [[1], [2], [3], [4]]),
        (4, [[[1]], [[2]], [[3]], [[4]]]),
        (4, [[1, 2, 3, 4], [5, 6, 7, 8], [5, 6, 7, 8], [5, 6, 7, 8]]),
        (4, [[[[[1, 2, 3, 4]]]]]),
    ],
)
def test_constant_that_is_no_bias_is_added_by_itself(channels, bias):
    nodes = [*convolved(channels), *summed(bias)]
    assert kinds(nodes, {"x": some(1, 4, 4, 3)}) == ["Conv", "Add"]
    assert_same(nodes, {"x": some(2, 4, 4, 3)})


def test_second_bias_is_added_by_itself():
    more = [const("c", [4, 3, 2, 1], np.float32), node("y", "AddV2", "z", "c", T=np.float32)]
    nodes = [*convolved(), *summed([1, 2, 3, 4], "BiasAdd", name="z"), *more]
    assert kinds(nodes, {"x": some(1, 4, 4, 3)}) == ["Conv", "Add"]
    assert_same(nodes, {"x": some(2, 4, 4, 3)})


def test_bias_of_zeros_is_left_out():
    nodes = [*convolved(), *summed([0, 0, 0, 0], "BiasAdd")]
    assert kinds(nodes, {"x": some(1, 4, 4, 3)}) == ["Conv"]
    assert_same(nodes, {"x": some(2, 4, 4, 3)})


def test_bias_that_is_computed():
    nodes = [*convolved(), node("y", "BiasAdd", "conv", "b", T=np.float32)]
    assert_same(nodes, {"x": some(2, 4, 4, 3), "b": some(4)})


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.int64, np.int8, np.uint8])
@pytest.mark.parametrize(
    ("data_format", "rank"),
    [(b"NHWC", 2), (b"NHWC", 3), (b"NHWC", 4), (b"NHWC", 5)]
    + [(b"NCHW", 3), (b"NCHW", 4), (b"NCHW", 5)],
)
def test_bias(rank, data_format, dtype):
    image = (100 * some(2, 3, 4, 5, 6)[(0,) * (5 - rank)]).astype(dtype)
    channels = image.shape[1 if data_format == b"NCHW" else -1]
    bias = (100 * some(channels)).astype(dtype)
    added = {"T": dtype, "data_format": data_format}
    assert_same([const("b", bias), node("y", "BiasAdd", "x", "b", **added)], {"x": image})
    assert_same([node("y", "BiasAdd", "x", "b", **added)], {"x": image, "b": bias})


ACTIVATIONS = [[], ["Relu"], ["Relu6"], ["Elu"], ["LeakyRelu"]]


@pytest.mark.parametrize("others", ACTIVATIONS)
def test_fused_bias(others):
    fused = fused_convolution(["BiasAdd", *others], ["b"])
    nodes = [const("k", 3 * some(3, 3, 3, 4)), const("b", some(4)), fused]
    assert_same(nodes, {"x": some(2, 5, 4, 3)})


@pytest.mark.parametrize("others", ACTIVATIONS)
def test_fused_batch_norm(others):
    fused = fused_convolution(["FusedBatchNorm", *others], ["g", "b", "m", "v"])
    statistics = [const(name, some(4)) for name in "gbm"]
    nodes = [const("k", 3 * some(3, 3, 3, 4)), *statistics, const("v", some(4) ** 2), fused]
    assert_same(nodes, {"x": some(2, 5, 4, 3)})


@pytest.mark.parametrize("others", [["Add"], ["Add", "Relu"]])
def test_fused_sum(others):
    fused = fused_convolution(["BiasAdd", *others], ["b", "z"])
    nodes = [const("k", some(3, 3, 3, 4)), const("b", some(4)), fused]
    assert_same(nodes, {"x": some(2, 6, 4, 3), "z": some(2, 3, 4, 4)})


def test_fused_depthwise():
    fused = fused_convolution(["BiasAdd", "Relu6"], ["b"])
    fused.op = "_FusedDepthwiseConv2dNative"
    fused.attr["strides"].list.i[:] = [1, 2, 2, 1]
    nodes = [const("k", 3 * some(3, 3, 3, 2)), const("b", some(6)), fused]
    assert_same(nodes, {"x": some(2, 5, 4, 3)})


@pytest.mark.parametrize("fused", [["BiasAdd", "Mish"], ["Squeeze"]])
def test_what_is_fused_and_not_known_is_refused(fused):
    nodes = [const("k", some(3, 3, 3, 4)), const("b", some(4)), fused_convolution(fused, ["b"])]
    with pytest.raises(DlconvError, match=f"dlconv does not write {fused[-1]} in it"):
        written(graph_of(nodes, {"x": some(1, 4, 4, 3)}), "y")


def fused_convolution(fused, arguments):
    """A convolution as TensorFlow's Grappler writes it."""
    made = node(
        "y",
        "_FusedConv2D",
        "x",
        "k",
        *arguments,
        num_args=len(arguments),
        epsilon=0.01,
        leakyrelu_alpha=0.3,
        **attributes((2, 1)),
    )
    made.attr["TArgs"].list.type.extend([data_type(np.float32)] * len(arguments))
    made.attr["fused_ops"].list.s.extend(name.encode() for name in fused)
    return made


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data_format": b"NCHW_VECT_C"}, "its images are NCHW_VECT_C"),
        ({"filter_format": b"OIHW"}, "its kernel is OIHW"),
        ({"padding": b"CIRCULAR"}, "it pads CIRCULAR"),
        ({"strides": [2, 1, 1, 1]}, "its windows slide over batch or channels"),
        ({"dilations": [1, 1, 1, 2]}, "its windows slide over batch or channels"),
        ({"padding": b"VALID"}, "the image is smaller than its window"),
        (
            {"padding": b"EXPLICIT", "explicit_paddings": [0, 0, 2, 2, 0, 0, 1, 1]},
            "it pads batch or channels",
        ),
    ],
)
def test_refused(changed, reason):
    options = {**attributes(), **changed}
    nodes = [const("k", some(3, 3, 3, 4)), node("y", "Conv2D", "x", "k", **options)]
    with pytest.raises(DlconvError, match=reason):
        written(graph_of(nodes, {"x": some(1, 2, 4, 3)}), "y")


def test_integers_are_refused():
    options = attributes(dtype=np.int32)
    nodes = [const("k", np.ones((2, 2, 3, 4), np.int32)), node("y", "Conv2D", "x", "k", **options)]
    with pytest.raises(DlconvError, match="ONNX Runtime has no Conv of int32"):
        written(graph_of(nodes, {"x": np.ones((1, 4, 4, 3), np.int32)}), "y")


def test_kernel_that_does_not_fit_the_channels_is_refused():
    with pytest.raises(DlconvError, match="its kernel takes 3 channels, and the image has 4"):
        written(graph_of(convolved(name="y"), {"x": some(1, 4, 4, 4)}), "y")
