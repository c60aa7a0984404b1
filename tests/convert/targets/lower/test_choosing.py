import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_lowered, assert_not_lowered


def some(dtype, *shape, seed=0):
    values = np.random.default_rng(seed).normal(scale=4, size=shape)
    return values > 0 if dtype == np.bool_ else values.astype(dtype)


def chosen(op, dtype, condition, *shapes):
    feeds = {"p": some(np.bool_, *condition)}
    feeds |= {
        name: some(dtype, *shape, seed=seed)
        for seed, (name, shape) in enumerate(zip("ab", shapes, strict=True))
    }
    return [node("y", op, "p", "a", "b", T=dtype)], feeds


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3), (2, 3)), ((3,), (2, 1), ())])
def test_bools_are_selected(runners, shapes):
    assert_lowered(runners, *chosen("SelectV2", np.bool_, *shapes), ["SelectV2"])


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.bool_])
@pytest.mark.parametrize("shape", [(3, 3), (3, 2, 4), (3,)])
def test_a_vector_selects_rows(runners, shape, dtype):
    assert_lowered(runners, *chosen("Select", dtype, (3,), shape, shape), ["Select"])


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.bool_])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(runners, axis, dtype):
    nodes = [const("depth", 4, np.int32), const("on", 5, dtype), const("off", 0, dtype)]
    codes = node("y", "OneHot", "x", "depth", "on", "off", T=dtype, TI=np.int64, axis=axis)
    x = np.array([[0, 3, -1], [4, 2, 9]])
    assert_lowered(runners, [*nodes, codes], {"x": x}, ["OneHot"])


@pytest.mark.parametrize("band", [(0, 0), (1, -1), (-1, 0), (-1, -1), (1, 2)])
def test_a_band_of_matrices(runners, band):
    nodes = [const(name, k, np.int64) for name, k in zip("ab", band, strict=True)]
    part = node("y", "MatrixBandPart", "x", "a", "b", T=np.float32, Tindex=np.int64)
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    assert_lowered(runners, [*nodes, part], {"x": x}, ["MatrixBandPart"])


def diagonal(k=0, padding=0):
    numbers = [const(name, value, np.int32) for name, value in (("k", k), ("n", -1))]
    pad = const("pad", padding, np.float32)
    spread = node("y", "MatrixDiagV3", "x", "k", "n", "n", "pad", T=np.float32, align=b"RIGHT_LEFT")
    return [*numbers, pad, spread]


def test_vectors_on_diagonals(runners):
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    assert_lowered(runners, diagonal(), {"x": x}, ["MatrixDiagV3"])
    old = [node("y", "MatrixDiag", "x", T=np.float32)]
    assert_lowered(runners, old, {"x": x}, ["MatrixDiag"])


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [(diagonal(k=1), "main diagonal"), (diagonal(padding=2), "another number than 0")],
)
def test_other_diagonals_are_refused(nodes, reason):
    assert_not_lowered(nodes, {"x": np.zeros((2, 3), np.float32)}, ["MatrixDiagV3"], reason)
