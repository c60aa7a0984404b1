import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.graphs import const, node
from support.onnx_operations import assert_refused, assert_same

TYPES = ["int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64", "bool"]


def numbered(shape, dtype="float32") -> np.ndarray:
    return (1 + np.arange(np.prod(shape)) % 120).reshape(shape).astype(dtype)


@settings(max_examples=20)
@given(
    arrays.array_shapes(min_dims=2, max_dims=4, max_side=4),
    st.integers(-1, 1),
    st.integers(-1, 1),
    st.sampled_from(TYPES),
    st.booleans(),
)
def test_a_band_of_a_matrix(shape, lower, upper, dtype, is_computed):
    # TensorFlow takes no band that is wider than the matrix.
    lower, upper = min(lower, shape[-2]), min(upper, shape[-1])
    widths = {"lower": np.array(lower, np.int64), "upper": np.array(upper, np.int64)}
    y = node("y", "MatrixBandPart", "x", "lower", "upper", T=dtype, Tindex=np.int64)
    feeds = {"x": numbered(shape, dtype)}
    if is_computed:
        return assert_same([y], {**feeds, **widths}, moved=True)
    constants = [const(name, width) for name, width in widths.items()]
    assert_same([*constants, y], feeds, moved=True)


@settings(max_examples=15)
@given(arrays.array_shapes(min_dims=1, max_dims=4, max_side=4), st.sampled_from(TYPES))
def test_a_matrix_with_a_diagonal(shape, dtype):
    y = node("y", "MatrixDiag", "x", T=dtype)
    assert_same([y], {"x": numbered(shape, dtype)}, moved=True)


def diagonal(op, which=(0,), rows=-1, columns=-1):
    y = node("y", op, "x", "k", "rows", "columns", "padding", T=np.float32)
    constants = [
        const("k", which[0] if len(which) == 1 else which, np.int32),
        const("rows", rows, np.int32),
        const("columns", columns, np.int32),
        const("padding", 7, np.float32),
    ]
    return [*constants, y]


@pytest.mark.parametrize("op", ["MatrixDiagV2", "MatrixDiagV3"])
def test_a_main_diagonal_with_something_around_it(op):
    assert_same(diagonal(op), {"x": numbered((2, 3))})


@pytest.mark.parametrize("other", [{"which": [1]}, {"which": [0, 1]}, {"rows": 5}, {"columns": 5}])
def test_other_diagonals_are_refused(other):
    feeds = {"x": numbered((2, 3))}
    assert_refused(diagonal("MatrixDiagV3", **other), feeds, "main diagonal of a square")
