import numpy as np
import pytest
from support.graphs import const, node
from support.litert import assert_written

F = np.float32
IMAGE = np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype(F)


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_by_the_neighbouring_channels(litert, radius):
    kinds = {"depth_radius": radius, "bias": 2.0, "alpha": 0.5, "beta": 0.75}
    assert_written(litert, [node("y", "LRN", "x", T=F, **kinds)], {"x": IMAGE})


@pytest.mark.parametrize("op", ["FusedBatchNorm", "FusedBatchNormV3"])
@pytest.mark.parametrize("is_training", [False, True])
def test_a_batch_norm_that_stands_alone(litert, op, is_training):
    random = np.random.default_rng(1)
    names = ("scale", "shift", "mean", "variance")
    given = {name: np.abs(random.normal(size=6)).astype(F) for name in names}
    if is_training:
        given |= {name: np.zeros(0, F) for name in ("mean", "variance")}
    types = {"T": F, **({} if op == "FusedBatchNorm" else {"U": F})}
    norm = node("norm", op, "x", *names, epsilon=1e-3, is_training=is_training, **types)
    for output in ("norm", "norm:1"):
        nodes = [norm, node("y", "Identity", output, T=F)]
        assert_written(litert, nodes, {"x": IMAGE, **given}, free=False)
    constants = [const(name, value) for name, value in given.items()]
    assert_written(litert, [*constants, norm, node("y", "Relu", "norm", T=F)], {"x": IMAGE})
