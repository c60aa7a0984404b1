import numpy as np
import pytest
from support.graphs import batch_norm, const, node
from support.lowering import assert_lowered, graph_of, in_tfjs, lowered
from support.onnx_operations import assert_close

F = np.float32
ALL = ["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"]


def some(*shape):
    return np.random.default_rng(0).normal(2, 3, size=shape).astype(F)


def norm(version, mean=(), variance=(), outputs=1, **attributes):
    """A batch norm, and its first output times each of the others."""
    nodes = batch_norm("y", "x", [1, -2, 0.5], [0, 1, -1], mean, variance, version, **attributes)
    others = [f"y:{port}" for port in range(1, outputs)]
    return [
        *nodes,
        *(node(f"z{k}", "Mul", "y", name, T=F) for k, name in enumerate(others, start=1)),
    ]


@pytest.mark.parametrize("version", ["", "V2", "V3"])
def test_the_batch_gives_the_mean_and_the_variance(runners, version):
    nodes = norm(version, is_training=True)
    made = assert_lowered(runners, nodes, {"x": some(2, 5, 6, 3)}, ALL)
    assert "Shape" not in {each.op for each in made.nodes.values()}


@pytest.mark.parametrize("outputs", ["z1", "z2", "z3", "z4"])
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_what_the_next_step_takes(runners, outputs, share):
    averaged = {"mean": [1, 2, 3], "variance": [3, 2, 1]} if share < 1 else {}
    nodes = norm("V3", outputs=5, is_training=True, exponential_avg_factor=share, **averaged)
    assert_lowered(runners, nodes, {"x": some(2, 5, 6, 3)}, ALL, outputs)


def test_one_pixel_has_no_variance(runners):
    nodes = norm("", outputs=3, is_training=True)
    assert_lowered(runners, nodes, {"x": some(1, 1, 1, 3)}, ALL, "z2")


def test_half_floats_are_summed_as_floats(runners):
    nodes = norm("V3", is_training=True)
    nodes[4].attr["T"].type = 19
    image = some(2, 5, 6, 3).astype(np.float16)
    assert_lowered(runners, nodes, {"x": image}, ALL, close=1e-3)


@pytest.mark.parametrize("output", ["y", "z1", "z4"])
def test_without_training_the_given_ones_are_passed_on(runners, output):
    nodes = norm("V3", [1, 2, 3], [3, 2, 1], outputs=5)
    del nodes[4].attr["epsilon"], nodes[4].attr["data_format"]
    assert_lowered(runners, nodes, {"x": some(2, 5, 6, 3)}, ALL, output)


@pytest.mark.parametrize("scaled", [False, True])
def test_batch_norms_of_old_graphs(runners, scaled):
    """TensorFlow refuses the op in graphs that are as new as those of the tests."""
    given = dict(zip("mvbg", ([1, 2, 3], [3, 2, 1], [0, 1, -1], [1, -2, 0.5]), strict=True))
    op, attributes = "BatchNormWithGlobalNormalization", {"variance_epsilon": 0.5}
    y = node("y", op, "x", *given, T=F, scale_after_normalization=scaled, **attributes)
    image = some(2, 3, 4, 3)
    mean, variance, beta, gamma = (np.array(values, F) for values in given.values())
    expected = (image - mean) / np.sqrt(variance + F(0.5)) * (gamma if scaled else F(1)) + beta
    graph = graph_of([*(const(name, v, F) for name, v in given.items()), y], {"x": image})
    for backend, runner in runners.items():
        found = in_tfjs(runner, lowered(graph, op), {"x": image})
        assert_close(expected, found, where=backend)
