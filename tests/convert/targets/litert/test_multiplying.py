import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.litert import assert_written

F = np.float32


def some(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(F)


@settings(max_examples=20)
@given(st.booleans(), st.booleans(), st.booleans())
def test_matrices(litert, turns_one, turns_other, is_constant):
    one = some(*((4, 3) if turns_one else (3, 4)))
    other = some(*((2, 4) if turns_other else (4, 2)), seed=1)
    kinds = {"transpose_a": turns_one, "transpose_b": turns_other}
    nodes = [node("y", "MatMul", "x", "other", T=F, **kinds)]
    if is_constant:
        assert_written(litert, [const("other", other), *nodes], {"x": one})
    else:
        assert_written(litert, nodes, {"x": one, "other": other})


@pytest.mark.parametrize("shapes", [((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 2))])
def test_batches_are_broadcast(litert, shapes):
    one, other = (some(*shape, seed=seed) for seed, shape in enumerate(shapes))
    nodes = [node("y", "BatchMatMulV2", "x", "z", T=F, adj_x=False, adj_y=False)]
    assert_written(litert, nodes, {"x": one, "z": other})


@pytest.mark.parametrize("equation", ["bhwc,cd->bhwd", "bij,bjk->bki", "ij->ji", "ab,b->a"])
def test_sums_by_letter(litert, equation):
    sizes = dict(zip("abcdhijkw", (2, 3, 4, 2, 3, 2, 4, 3, 2), strict=True))
    terms = equation.partition("->")[0].split(",")
    names = ["x", "z"][: len(terms)]
    feeds = {
        name: some(*(sizes[letter] for letter in term), seed=k)
        for k, (name, term) in enumerate(zip(names, terms, strict=True))
    }
    nodes = [node("y", "Einsum", *names, T=F, N=len(terms), equation=equation.encode())]
    assert_written(litert, nodes, feeds)
