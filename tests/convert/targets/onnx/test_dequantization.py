import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.graphs import const, node
from support.onnx_operations import assert_same, graph_of, written
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.errors import DlconvError

F = np.float32
EXACTLY = 0.0
STORED = {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16"}
STORED["qint32"] = "int32"
RANGES = [(-1.0, 1.0), (0.0, 6.0), (-3.3, 0.7), (0.5, 2.5), (-4.0, -1.0), (-1e-3, 1e3)]


def codes_of(kind: str, shape: tuple[int, ...]) -> np.ndarray:
    limits = np.iinfo(STORED[kind])
    drawn = np.random.default_rng(0).integers(limits.min, limits.max, shape, endpoint=True)
    drawn.ravel()[:3] = limits.min, limits.max, 0
    return drawn.astype(STORED[kind])


def quantized(name: str, kind: str, codes: np.ndarray):
    made = const(name, codes)
    number = DataType.Value(f"DT_{kind.upper()}")
    made.attr["dtype"].type = made.attr["value"].tensor.dtype = number
    return made


def dequantized(kind: str, mode: str, low, high, codes="codes", **options):
    """A Dequantize, and a product that keeps it from being all there is."""
    end = node("floats", "Dequantize", codes, "low", "high", mode=mode.encode(), **options)
    end.attr["T"].type = DataType.Value(f"DT_{kind.upper()}")
    product = node("y", "Mul", "x", "floats", T=F)
    return [const("low", low, F), const("high", high, F), end, product]


MODES = ["MIN_COMBINED", "MIN_FIRST", "SCALED"]
FEEDS = {"x": np.ones((), F)}


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(STORED)),
    st.sampled_from(MODES),
    st.sampled_from(RANGES),
    st.booleans(),
)
@example("quint16", "SCALED", (0.5, 2.5), True)
def test_integers_become_the_floats_of_a_range(kind, mode, limits, is_narrow):
    if kind == "qint32" and mode == "SCALED":
        return
    codes = quantized("codes", kind, codes_of(kind, (5, 4, 3)))
    nodes = [codes, *dequantized(kind, mode, *limits, narrow_range=is_narrow)]
    assert_same(nodes, FEEDS, close=EXACTLY, free=False)


@pytest.mark.parametrize("mode", ["MIN_COMBINED", "SCALED"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_range_for_each_slice(mode, axis):
    codes = codes_of("quint8", (5, 4, 3))
    low, high = np.array(RANGES[: codes.shape[axis]]).T
    nodes = [
        quantized("codes", "quint8", codes),
        *dequantized("quint8", mode, low, high, axis=axis),
    ]
    assert_same(nodes, FEEDS, close=EXACTLY, free=False)


def test_the_mode_may_be_left_out():
    nodes = [quantized("codes", "quint8", codes_of("quint8", (7,)))]
    nodes += dequantized("quint8", "", -1.0, 1.0)
    del nodes[-2].attr["mode"]
    assert_same(nodes, FEEDS, close=EXACTLY)


def test_bytes_that_are_read_as_integers_of_a_range():
    codes = codes_of("quint8", (7,))
    bits = node("codes", "Bitcast", "bytes", T=np.uint8)
    bits.attr["type"].type = DataType.Value("DT_QUINT8")
    nodes = [const("bytes", codes), bits, *dequantized("quint8", "SCALED", 0.0, 1.0)]
    assert_same(nodes, FEEDS, close=EXACTLY)


def test_integers_that_are_not_constant_are_refused():
    nodes = dequantized("quint8", "SCALED", 0.0, 1.0, codes="given")
    feeds = {**FEEDS, "given": codes_of("quint8", (7,))}
    with pytest.raises(DlconvError, match="its input is not constant"):
        written(graph_of(nodes, feeds), "y")


def test_other_floats_are_refused():
    nodes = [quantized("codes", "quint8", codes_of("quint8", (7,)))]
    nodes += dequantized("quint8", "SCALED", 0.0, 1.0, dtype=np.float16)
    with pytest.raises(DlconvError, match="its element type is float16"):
        written(graph_of(nodes, FEEDS), "y")
