import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import cast, const, node
from support.onnx_operations import assert_same, graph_of, written

from dlconv.errors import DlconvError

TYPES = ("float32", "float64", "float16", "int32", "int64")


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Integers are so large that some of their products wrap."""
    drawn = np.asarray(np.random.default_rng(seed).normal(size=shape))
    is_float = dtype.startswith("float")
    return (drawn if is_float else (drawn * 1e5).astype(np.int64)).astype(dtype)


def turned(shape: tuple[int, ...], is_turned: bool) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if is_turned else shape


@settings(max_examples=30)
@given(
    st.sampled_from(TYPES),
    st.tuples(*[st.sampled_from([0, 1, 2, 5])] * 3),
    st.booleans(),
    st.booleans(),
)
def test_matrices(dtype, sizes, is_first_turned, is_second_turned):
    rows, inner, columns = sizes
    first = numbers(turned((rows, inner), is_first_turned), dtype)
    second = numbers(turned((inner, columns), is_second_turned), dtype, 1)
    turns = {"transpose_a": is_first_turned, "transpose_b": is_second_turned}
    product = node("y", "MatMul", "a", "b", T=dtype, **turns)
    assert_same([product], {"a": first, "b": second})


@settings(max_examples=30)
@given(
    st.sampled_from(["BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"]),
    st.sampled_from(["float32", "float64", "int32", "int64"]),
    st.sampled_from([((), ()), ((2,), (2,)), ((2, 3), (2, 3)), ((1,), (4,)), ((2, 1), (3,))]),
    st.booleans(),
    st.booleans(),
)
def test_stacks_of_matrices(op, dtype, stacks, is_first_turned, is_second_turned):
    if op == "BatchMatMul" and stacks[0] != stacks[1]:
        return
    first = numbers((*stacks[0], *turned((2, 3), is_first_turned)), dtype)
    second = numbers((*stacks[1], *turned((3, 4), is_second_turned)), dtype, 1)
    types = {"Ta": dtype, "Tb": dtype, "Tout": dtype} if op == "BatchMatMulV3" else {"T": dtype}
    turns = {"adj_x": is_first_turned, "adj_y": is_second_turned}
    assert_same([node("y", op, "a", "b", **types, **turns)], {"a": first, "b": second})


def every_byte(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.resize(np.arange(256).astype(np.uint8).view(dtype), shape)


@pytest.mark.parametrize("first", ["int8", "uint8"])
@pytest.mark.parametrize("second", ["int8", "uint8"])
def test_bytes_are_multiplied_as_int32(first, second):
    feeds = {"a": every_byte(first, (2, 8, 16)), "b": every_byte(second, (2, 16, 8))}
    assert_same([node("y", "BatchMatMulV3", "a", "b", Ta=first, Tb=second, Tout="int32")], feeds)


def test_int16_wraps():
    feeds = {"a": numbers((2, 3), "int16"), "b": numbers((3, 4), "int16", 1)}
    assert_same([node("y", "BatchMatMulV2", "a", "b", T="int16")], feeds)


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5), (1, 1, 4, 5)])
def test_a_matrix_for_each_row_of_an_image(shape):
    feeds = {"x": numbers((1, 2, 3, 4), "float32")}
    weights = const("w", numbers(shape, "float32", 1))
    assert_same([weights, node("y", "BatchMatMulV2", "x", "w", T=np.float32)], feeds)


EQUATIONS = [
    ("ab,bc->ac", (2, 3), (3, 4)),
    ("ab,bc->ac", (2, 0), (0, 4)),
    ("aB,Bc->ac", (2, 3), (3, 4)),
    ("BTNH,BSNH->BNTS", (2, 3, 2, 4), (2, 5, 2, 4)),
    ("bhwc,cd->bhwd", (1, 3, 4, 2), (2, 5)),
    ("bhwc,bhwc->bhw", (1, 3, 4, 2), (1, 3, 4, 2)),
    ("bhwc->bchw", (1, 3, 4, 2)),
    ("bhwc->bc", (1, 3, 4, 2)),
    ("abc,cd->abd", (2, 3, 4), (4, 5)),
    ("i,j->ij", (2,), (3,)),
    ("i,j->ji", (2,), (3,)),
    (",ij->ij", (), (2, 3)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij->", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii->", (3, 3)),
    ("iij,jk->ik", (2, 2, 3), (3, 4)),
    ("...->...", (2, 3)),
    ("...i->i...", (2, 3, 4)),
    ("i...i->i...", (3, 2, 3)),
    ("...ab,bc->...ac", (2, 3, 4), (4, 5)),
    ("...ab,...bc->...ac", (2, 3, 4), (2, 4, 5)),
    ("...ab,...bc->...ac", (2, 1, 3, 4), (5, 4, 2)),
    ("...ab,...bc->...ac", (1, 3, 4, 2), (2, 5)),
    ("ab...,bc...->ac...", (2, 4, 1, 3), (4, 5, 3)),
    ("a...b,b->a...", (2, 3), (3,)),
]


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize(("equation", "shapes"), [(each[0], each[1:]) for each in EQUATIONS])
def test_sums_of_products(dtype, equation, shapes):
    feeds = {f"x{k}": numbers(shape, "float32", k) for k, shape in enumerate(shapes)}
    typed = [cast(f"{name}/typed", name, dtype) for name in feeds]
    names = [each.name for each in typed]
    end = node("y", "Einsum", *names, T=dtype, N=len(names), equation=equation.encode())
    assert_same([*typed, end], feeds)


def test_a_diagonal_in_a_result_is_refused():
    end = node("y", "Einsum", "x", T=np.float32, N=1, equation=b"i->ii")
    with pytest.raises(DlconvError, match="an axis is twice in its result"):
        written(graph_of([end], {"x": numbers((3,), "float32")}), "y")
