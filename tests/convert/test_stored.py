import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlconv.convert.stored import WeightType, store

FINITE = st.floats(-1e6, 1e6, width=32)
TENSORS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=4, max_side=6), elements=FINITE)
AFFINE = st.sampled_from([WeightType.UINT8, WeightType.UINT16])


@given(TENSORS, AFFINE)
def test_values_come_back_within_one_step(values, precision):
    stored = store(values, precision)
    assert stored.codes.dtype == precision.value
    step = stored.scale if stored.codes.any() else 0
    assert np.abs(stored.values() - values).max() <= step + 1e-6 * np.abs(values).max()


@given(TENSORS, AFFINE)
def test_zero_is_exact_when_the_range_covers_it(values, precision):
    values.flat[0] = 0
    stored = store(values, precision)
    assert abs(stored.values().flat[0]) <= 1e-6 * np.abs(values).max()


@given(FINITE, AFFINE)
def test_a_tensor_of_one_value_is_exact(value, precision):
    values = np.full((2, 3), value, np.float32)
    assert store(values, precision).values().tolist() == values.tolist()


@given(TENSORS)
def test_float32_is_untouched(values):
    stored = store(values, WeightType.FLOAT32)
    assert stored.codes is values
    assert stored.scale is None


def test_halves_round_to_nearest():
    values = np.array([1, 1 + 2**-11, 65504], np.float32)
    assert store(values, WeightType.FLOAT16).values().tolist() == [1, 1, 65504]


def test_the_scheme_by_hand():
    stored = store(np.array([-1, 0, 3], np.float32), WeightType.UINT8)
    assert stored.codes.tolist() == [0, 64, 255]
    assert stored.scale == pytest.approx(4 / 255)
    assert stored.minimum == pytest.approx(-64 * 4 / 255)


@pytest.mark.parametrize(
    ("values", "precision", "message"),
    [
        ([1e6], WeightType.FLOAT16, "float16 cannot hold"),
        ([np.nan, 1], WeightType.UINT8, "NaN"),
        ([np.inf, 1], WeightType.UINT16, "infinity"),
    ],
)
def test_what_a_precision_cannot_hold_is_refused(values, precision, message):
    with pytest.raises(ValueError, match=message):
        store(np.array(values, np.float32), precision)


def test_an_empty_tensor_has_no_codes():
    assert store(np.zeros((0, 3), np.float32), WeightType.UINT8).values().shape == (0, 3)
