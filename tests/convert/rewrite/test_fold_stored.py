import numpy as np
import pytest
from support.graphs import const, fake_quant, graph_def, node, placeholder, tiny_segmenter
from support.running import assert_untouched, ops, rewritten, run
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.convert.rewrite.fold_stored import fold_stored

F = np.float32
RANGES = [(-1.0, 1.0), (0.0, 6.0), (-3.3, 0.7), (0.5, 2.5)]


def folded(*nodes, left=("Mul",)):
    """The product of ``x`` and ``stored``, exactly, once it is all that is left."""
    product = node("y", "Mul", "x", "stored", T=F)
    graph = graph_def(placeholder("x", F, ()), *nodes, product)
    result = rewritten(fold_stored, graph)
    assert ops(result) == list(left)
    before, after = (run(each, "y", x=F(1)) for each in (graph, result))
    np.testing.assert_array_equal(before, after)


def typed(made, key, name):
    made.attr[key].type = DataType.Value(name)
    return made


@pytest.mark.parametrize("limits", RANGES)
@pytest.mark.parametrize("mode", ["MIN_COMBINED", "MIN_FIRST", "SCALED", None])
@pytest.mark.parametrize("is_narrow", [False, True])
def test_integers_become_the_floats_of_a_range(limits, mode, is_narrow):
    attributes = {"narrow_range": is_narrow} | ({"mode": mode.encode()} if mode else {})
    codes = np.arange(256).reshape(2, 4, 32).astype(np.uint8)
    folded(
        const("bytes", codes),
        typed(node("codes", "Bitcast", "bytes", T=np.uint8), "type", "DT_QINT8"),
        *(const(name, value, F) for name, value in zip(("low", "high"), limits, strict=True)),
        typed(node("stored", "Dequantize", "codes", "low", "high", **attributes), "T", "DT_QINT8"),
    )


def test_each_slice_may_have_a_range():
    codes = np.arange(256).reshape(64, 4).astype(np.uint8)
    low, high = np.array(RANGES, F).T
    folded(
        const("bytes", codes),
        typed(node("codes", "Bitcast", "bytes", T=np.uint8), "type", "DT_QUINT8"),
        const("low", low),
        const("high", high),
        typed(
            node("stored", "Dequantize", "codes", "low", "high", mode=b"SCALED", axis=1),
            "T",
            "DT_QUINT8",
        ),
    )


def test_kernels_as_training_for_8_bits_leaves_them_are_folded():
    """A batch norm's factor, reshaped, times the weights, rounded."""
    random = np.random.default_rng(3)
    folded(
        const("weights", random.normal(size=(3, 3, 4, 1)), F),
        const("variance", random.uniform(0.5, 2, size=4), F),
        const("gamma", random.uniform(0.5, 2, size=4), F),
        const("shape", [4, 1], np.int32),
        node("deviation", "Rsqrt", "variance", T=F),
        node("factor", "Mul", "deviation", "gamma", T=F),
        node("column", "Reshape", "factor", "shape", T=F, Tshape=np.int32),
        node("scaled", "Mul", "weights", "column", T=F),
        *fake_quant("stored", "scaled", -2.0, 2.5),
    )


@pytest.mark.parametrize("source", [np.uint8, np.int32, np.int64])
def test_bytes_are_read_as_floats(source):
    values = np.random.default_rng(0).normal(size=(3, 2)).astype(F)
    stored = values.view(source)
    if source == np.uint8:
        stored = stored.reshape(3, 2, 4)
    bits = node("stored", "Bitcast", "bytes", T=source)
    folded(const("bytes", stored), typed(bits, "type", "DT_FLOAT"))


@pytest.mark.parametrize("source", [np.float16, np.float64, np.uint8, np.int64, np.bool_])
def test_casts_are_done_once(source):
    values = np.linspace(0, 200, 101).astype(source)
    folded(
        const("values", values),
        node("first", "Cast", "values", SrcT=source, DstT=np.float16),
        node("between", "Identity", "first", T=np.float16),
        node("stored", "Cast", "between", SrcT=np.float16, DstT=F),
    )


@pytest.mark.parametrize("limits", RANGES)
@pytest.mark.parametrize("op", ["Args", "Vars", "VarsPerChannel"])
@pytest.mark.parametrize("options", [{}, {"num_bits": 4, "narrow_range": True}])
def test_weights_are_rounded_to_what_training_saw(op, limits, options):
    values = np.random.default_rng(0).normal(scale=3, size=(3, 5, 4)).astype(F)
    low, high = limits
    name = f"FakeQuantWithMinMax{op}"
    if op == "Args":
        return folded(
            const("values", values), node("stored", name, "values", min=low, max=high, **options)
        )
    ends = (low, high) if op == "Vars" else np.array([limits, *RANGES[:3]]).T
    folded(
        const("values", values),
        *(const(each, end, F) for each, end in zip(("low", "high"), ends, strict=True)),
        node("stored", name, "values", "low", "high", **options),
    )


@pytest.mark.parametrize(
    "nodes",
    [
        [const("v", 3e9, F), node("i", "Cast", "v", SrcT=F, DstT=np.int32)]
        + [node("stored", "Cast", "i", SrcT=np.int32, DstT=F)],
        [const("v", 1, F), node("stored", "FakeQuantWithMinMaxArgs", "v", min=2.0, max=1.0)],
        [const("v", 1, F), node("stored", "FakeQuantWithMinMaxArgs", "x", min=0.0, max=1.0)],
    ],
    ids=["a cast that overflows", "an empty range", "an activation"],
)
def test_what_is_not_known_stays(nodes):
    product = node("y", "Mul", "x", "stored", T=F)
    assert_untouched(fold_stored, graph_def(placeholder("x", F, ()), *nodes, product))


def test_a_network_of_floats_stays():
    assert_untouched(fold_stored, tiny_segmenter())
