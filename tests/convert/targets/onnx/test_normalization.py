import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import batch_norm, const, node
from support.onnx_operations import assert_same, graph_of, kinds, written
from support.windows import extents, images, some, with_channels_last

from dlconv.errors import DlconvError

VERSIONS = ["", "V2", "V3"]


def statistics(channels=3) -> list[np.ndarray]:
    """Scale, offset, mean and variance."""
    return [some(channels) + 1, some(channels), some(channels), some(channels) ** 2 + 0.1]


@given(images, extents, st.sampled_from(VERSIONS), st.sampled_from([None, 0.1]))
@settings(max_examples=20)
def test_batch_norms(sizes, channels, version, epsilon):
    nodes = batch_norm("y", "x", *statistics(channels), version=version)
    set_epsilon(nodes[-1], epsilon)
    feeds = {"x": some(2, *sizes, channels)}
    assert kinds(nodes, feeds) == ["BatchNormalization"]
    assert_same(nodes, feeds)


def set_epsilon(norm, epsilon) -> None:
    if epsilon is None:
        del norm.attr["epsilon"]
    else:
        norm.attr["epsilon"].f = epsilon


def test_batch_norm_with_statistics_that_are_computed():
    norm = batch_norm("y", "x", *statistics())[-1]
    del norm.input[1:]
    norm.input.extend("sbmv")
    assert_same([norm], {"x": some(2, 5, 6, 3), **dict(zip("sbmv", statistics(), strict=True))})


@pytest.mark.parametrize("is_training", [False, True])
def test_batch_norm_with_channels_first(is_training):
    def build(name, source, data_format):
        options = {"is_training": is_training, "data_format": data_format.encode()}
        return batch_norm(name, source, *statistics(), version="V3", **options)

    feeds = {"x": some(2, 3, 5, 6)}
    assert_same(build("y", "x", "NCHW"), feeds, like=with_channels_last(build))


@pytest.mark.parametrize("is_training", [False, True])
def test_batch_norm_of_volumes(is_training):
    options = {"is_training": is_training, "data_format": b"NDHWC"}
    nodes = batch_norm("y", "x", *statistics(), version="V3", **options)
    assert_same(nodes, {"x": some(2, 4, 5, 6, 3)})


@pytest.mark.parametrize("is_training", [False, True])
def test_batch_norm_of_halves_with_wider_statistics(is_training):
    nodes = batch_norm("y", "x", *statistics(), version="V3", is_training=is_training)
    nodes[-1].attr["T"].CopyFrom(node("", "", T=np.float16).attr["T"])
    assert_same(nodes, {"x": some(2, 5, 6, 3, dtype=np.float16)})


@given(images, extents, st.sampled_from(VERSIONS), st.sampled_from([None, 0.1]))
@settings(max_examples=15)
def test_statistics_of_the_batch(sizes, channels, version, epsilon):
    nodes = batch_norm("y", "x", *statistics(channels), version=version)
    del nodes[-1].attr["is_training"]
    set_epsilon(nodes[-1], epsilon)
    assert_same(nodes, {"x": some(2, *sizes, channels)})


@pytest.mark.parametrize("size", [1, 6])
@pytest.mark.parametrize("share", [1.0, 0.25])
@pytest.mark.parametrize("is_training", [False, True])
@pytest.mark.parametrize("port", [1, 2])
def test_statistics_that_a_batch_norm_gives(port, is_training, share, size):
    options = {"is_training": is_training, "exponential_avg_factor": share}
    nodes = [
        *batch_norm("norm", "x", *statistics(), version="V3", **options),
        node("y", "Identity", f"norm:{port}", T=np.float32),
    ]
    assert_same(nodes, {"x": some(1, size, 1, 3)})


@pytest.mark.parametrize("port", [3, 4])
def test_statistics_for_a_gradient(port):
    nodes = [
        *batch_norm("norm", "x", *statistics(), is_training=True),
        node("y", "Identity", f"norm:{port}", T=np.float32),
    ]
    assert_same(nodes, {"x": some(2, 5, 6, 3)})


def fused(activation, side_inputs) -> list:
    """A batch norm as TensorFlow's Grappler writes it."""
    nodes = batch_norm("y", "x", *statistics(4), version="V3")
    nodes[-1].op = "_FusedBatchNormEx"
    nodes[-1].attr["activation_mode"].s = activation
    nodes[-1].attr["num_side_inputs"].i = side_inputs
    nodes[-1].input.extend(["z"] * side_inputs)
    return nodes


def test_fused_batch_norm():
    assert_same(fused(b"Relu", 0), {"x": some(2, 5, 6, 4)})


def test_fused_batch_norm_with_a_sum():
    like = [
        *batch_norm("norm", "x", *statistics(4), version="V3"),
        node("sum", "AddV2", "norm", "z", T=np.float32),
        node("y", "Relu", "sum", T=np.float32),
    ]
    assert_same(fused(b"Relu", 1), {"x": some(2, 5, 6, 4), "z": some(2, 5, 6, 4)}, like=like)


def test_fused_batch_norm_with_another_activation_is_refused():
    with pytest.raises(DlconvError, match="dlconv does not write Elu in it"):
        written(graph_of(fused(b"Elu", 0), {"x": some(1, 4, 4, 4)}), "y")


@pytest.mark.parametrize("is_scaled", [True, False])
def test_batch_norm_of_the_first_releases(is_scaled):
    scale, offset, mean, variance = statistics()
    values = dict(zip("mvbg", (mean, variance, offset, scale), strict=True))
    options = {"variance_epsilon": 0.01, "scale_after_normalization": is_scaled}
    norm = node("y", "BatchNormWithGlobalNormalization", "x", *values, T=np.float32, **options)
    like = batch_norm("y", "x", scale if is_scaled else np.ones(3), offset, mean, variance)
    set_epsilon(like[-1], 0.01)
    constants = [const(name, value) for name, value in values.items()]
    assert kinds([*constants, norm], {"x": some(2, 5, 6, 3)}) == ["BatchNormalization"]
    assert_same([*constants, norm], {"x": some(2, 5, 6, 3)}, like=like)


@given(images, extents, st.integers(0, 6), st.floats(0.125, 2), st.floats(0.125, 1))
@settings(max_examples=20)
def test_local_response_norms(sizes, channels, reach, alpha, beta):
    options = {"depth_radius": reach, "alpha": alpha, "beta": beta, "bias": 1.5}
    assert_same([node("y", "LRN", "x", T=np.float32, **options)], {"x": some(2, *sizes, channels)})


def test_local_response_norm_without_attributes():
    assert_same([node("y", "LRN", "x", T=np.float32)], {"x": some(2, 3, 4, 12)})


@pytest.mark.parametrize("changed", [{"alpha": 0.0}, {"alpha": -1.0}, {"beta": 0.0}])
def test_local_response_norm_that_onnx_runtime_does_not_take_is_refused(changed):
    norm = node("y", "LRN", "x", T=np.float32, **changed)
    with pytest.raises(DlconvError, match="its alpha and beta to be positive"):
        written(graph_of([norm], {"x": some(1, 4, 4, 3)}), "y")


@given(st.sampled_from(["Softmax", "LogSoftmax"]), st.lists(extents, min_size=1, max_size=5))
@settings(max_examples=20)
def test_softmax(op, shape):
    assert_same([node("y", op, "x", T=np.float32)], {"x": 10 * some(*shape)})


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_unknown_rank(op):
    nodes = [
        node("shaped", "Reshape", "x", "shape", T=np.float32, Tshape=np.int32),
        node("normed", op, "shaped", T=np.float32),
        node("y", "L2Loss", "normed", T=np.float32),
    ]
    assert_same(nodes, {"x": some(24), "shape": np.array([2, 3, 4], np.int32)})


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "L2Loss"])
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_types(op, dtype):
    assert_same([node("y", op, "x", T=dtype)], {"x": some(3, 4, dtype=dtype)})


@given(st.lists(extents, min_size=0, max_size=5))
@settings(max_examples=15)
def test_half_of_squares(shape):
    assert_same([node("y", "L2Loss", "x", T=np.float32)], {"x": np.asarray(some(*shape))})
