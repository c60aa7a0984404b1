import numpy as np
import pytest
from support.graphs import node
from support.lowering import assert_lowered, assert_not_lowered

from dlconv.convert.targets.lower.narrow import wraps

NARROW = [np.uint8, np.int8, np.uint16, np.int16]


def cast(source, target):
    return [node("y", "Cast", "x", SrcT=source, DstT=target)]


@pytest.mark.parametrize("target", NARROW)
@pytest.mark.parametrize("source", [np.int32, np.int64, np.int16, np.uint16, np.int8])
def test_integers_keep_their_lowest_bits(runners, source, target):
    limits = np.iinfo(source)
    x = np.array([0, 1, 100, 127, limits.max // 2**40 or limits.max, max(limits.min, -(2**31))])
    x = np.concatenate([x, [-1, -129, -300, 128, 255, 256, 70000, -70000]])
    fitting = x[(x >= limits.min) & (x <= limits.max)].astype(source)
    assert_lowered(runners, cast(source, target), {"x": fitting}, ["Cast"])


@pytest.mark.parametrize("target", NARROW)
def test_floats_are_cut_and_keep_their_lowest_bits(runners, target):
    x = np.array([-300.7, -129, -1.5, -0.5, 0, 0.9, 127.9, 255.4, 256, 65536.5, 1e9], np.float32)
    made = assert_lowered(runners, cast(np.float32, target), {"x": x}, ["Cast"])
    assert not any(wraps(each) for each in made.nodes.values())


@pytest.mark.parametrize("source", [np.float32, np.int32, np.uint8])
def test_what_is_not_zero_is_true(runners, source):
    x = np.array([0, 1, 2.5, 0.4, 200, 100], source)
    assert_lowered(runners, cast(source, np.bool_), {"x": x}, ["Cast"])


def test_other_casts_are_refused():
    x = np.zeros(2, np.float32)
    assert_not_lowered(cast(np.float32, np.int32), {"x": x}, ["Cast"], "int32 of float32")
