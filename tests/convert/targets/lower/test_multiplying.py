import numpy as np
import pytest
from support.graphs import node
from support.lowering import assert_lowered, assert_not_lowered

F = np.float32


def numbers(*shape, dtype=F):
    return np.random.default_rng(0).normal(scale=9, size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_integers(runners, turned, dtype):
    a, b = numbers(2, 3, dtype=dtype) * 9999, numbers(3, 4, dtype=dtype)
    feeds = {"a": a.T if turned[0] else a, "b": b.T if turned[1] else b}
    marks = {"transpose_a": turned[0], "transpose_b": turned[1]}
    assert_lowered(runners, [node("y", "MatMul", "a", "b", T=dtype, **marks)], feeds, ["MatMul"])


@pytest.mark.parametrize(
    ("one", "other"),
    [((2, 1, 2, 3), (3, 3, 4)), ((1, 2, 2, 3), (2, 1, 3, 4)), ((2, 1, 1, 2, 3), (3, 2, 3, 4))],
)
@pytest.mark.parametrize("adjoint", [False, True])
def test_batches_of_both(runners, one, other, adjoint):
    a, b = numbers(*one), numbers(*other)
    feeds = {"a": a.swapaxes(-1, -2).copy() if adjoint else a, "b": b}
    product = node("y", "BatchMatMulV2", "a", "b", T=F, adj_x=adjoint, adj_y=False)
    assert_lowered(runners, [product], feeds, ["BatchMatMulV2"])


def einsum(equation, *shapes):
    feeds = {name: numbers(*shape) for name, shape in zip("ab", shapes, strict=False)}
    attributes = {"equation": equation.encode(), "N": len(shapes), "T": F}
    return [node("y", "Einsum", *feeds, **attributes)], feeds


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("bhwc,bcd->bhwd", [(2, 2, 3, 4), (2, 4, 5)]),
        ("abc,cde->abde", [(2, 3, 4), (4, 2, 3)]),
        ("BTNH,BSNH->BNTS", [(2, 3, 2, 4), (2, 5, 2, 4)]),
        ("i,j->ji", [(2,), (3,)]),
        ("i,i->", [(4,), (4,)]),
        ("ijk,jl->lk", [(2, 3, 4), (3, 2)]),
        ("abc->ca", [(2, 3, 4)]),
    ],
)
def test_sums_by_letter(runners, equation, shapes):
    assert_lowered(runners, *einsum(equation, *shapes), ["Einsum"])


@pytest.mark.parametrize("equation", ["...i,ij->...j", "ii,ij->ij"])
def test_other_sums_are_refused(equation):
    assert_not_lowered(*einsum(equation, (3, 3), (3, 4)), ["Einsum"], "ellipsis, or a letter twice")
