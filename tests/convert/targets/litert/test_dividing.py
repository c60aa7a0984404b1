import numpy as np
import pytest
from support.graphs import const, node
from support.litert import assert_not_written, assert_written, output_as_litert
from support.lowering import graph_of

from dlconv.verify.conformance.runners import FailedError

PAIRS = [(a, b) for a in (-9, -8, -1, 0, 1, 7) for b in (-4, -3, -1, 1, 2, 5)]
LEAST = [(-(2**31), 3), (-(2**31), -7), (2**31 - 1, -2), (2**31 - 1, 10**9)]
LARGEST = {"int8": [(-128, -1)], "int16": [(-32768, -1)], "int32": LEAST, "int64": LEAST}


def divided(op, pairs, dtype):
    a, b = np.array(pairs, dtype).T
    return [node("y", op, "a", "b", T=np.dtype(dtype))], {"a": a, "b": b}


@pytest.mark.parametrize("dtype", sorted(LARGEST))
@pytest.mark.parametrize("op", ["FloorDiv", "FloorMod", "Div", "TruncateDiv", "TruncateMod", "Mod"])
def test_integers_are_divided_as_in_tensorflow(litert, op, dtype):
    if dtype in ("int8", "int16") and op in ("Mod", "TruncateMod"):
        pytest.skip("TensorFlow has no kernel")
    assert_written(litert, *divided(op, [*PAIRS, *LARGEST[dtype]], dtype), free=False)


def test_the_least_integer_does_not_end_the_process(litert):
    nodes, feeds = divided("FloorMod", [(-(2**31), -1), (7, 3)], "int32")
    assert_written(litert, nodes, feeds)


@pytest.mark.parametrize("op", ["FloorDiv", "FloorMod", "TruncateDiv"])
def test_integers_are_not_divided_by_zero(litert, op):
    """It is an error, as in TensorFlow; the process lives."""
    nodes, feeds = divided(op, [(5, 0), (1, 1)], "int32")
    content = output_as_litert(graph_of(nodes, feeds))
    for runner in litert.values():
        with pytest.raises(FailedError) as raised:
            runner.run(content, feeds, [])
        assert not raised.value.is_broken


@pytest.mark.parametrize("op", ["FloorDiv", "FloorMod", "TruncateMod", "RealDiv", "TruncateDiv"])
def test_floats_are_divided_as_in_tensorflow(litert, op):
    drawn = np.random.default_rng(0).normal(scale=9, size=(40, 2))
    assert_written(litert, *divided(op, drawn, "float32"))


def test_a_rounded_quotient_by_zero_is_not_finite(litert):
    nodes, feeds = divided("FloorDiv", [(0, 0), (2, 3)], "float32")
    assert_written(litert, nodes, feeds)


def test_a_constant_divisor(litert):
    for divisor in (3, -1, [2, -5, 7]):
        nodes = [
            const("b", divisor, np.int32),
            node("y", "FloorMod", "a", "b", T=np.int32),
        ]
        assert_written(litert, nodes, {"a": np.array([-(2**31), -7, 2**31 - 1], np.int32)})


@pytest.mark.parametrize("exponent", [0, 1, 2, 5, 31])
def test_powers_of_integers_wrap(litert, exponent):
    nodes = [const("e", exponent, np.int32), node("y", "Pow", "x", "e", T=np.int32)]
    bases = np.array([-(2**31), -3, -1, 0, 1, 2, 10, 46341, 2**31 - 1], np.int32)
    assert_written(litert, nodes, {"x": bases})


@pytest.mark.parametrize(
    ("dtype", "reason"),
    [("int32", "its exponent, an integer, is not constant"), ("int8", "8 or 16 bits may wrap")],
)
def test_powers_that_are_not_known_are_refused(dtype, reason):
    bases = np.ones(2, dtype)
    nodes = [node("y", "Pow", "x", "e", T=np.dtype(dtype))]
    assert_not_written(nodes, {"x": bases, "e": bases}, reason)
