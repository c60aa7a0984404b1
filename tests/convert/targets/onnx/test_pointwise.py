import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import cast, const, node
from support.onnx_operations import assert_same, graph_of, written

from dlconv.convert.targets.onnx.operations.pointwise import BINARY, NUMBERS, UNARY
from dlconv.errors import DlconvError

FLOATS = ("float32", "float64", "float16")
SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = (*SIGNED, "uint8", "uint16")
ALL = (*FLOATS, *INTEGERS)
WIDE = ("float32", "float64", "int32", "int64")

# The element types that TensorFlow has a kernel for, of the ops that have more than floats.
TYPES_OF_ONE = {
    **dict.fromkeys(("Abs", "Neg", "Sign"), (*FLOATS, *SIGNED)),
    **dict.fromkeys(("Relu", "Relu6", "Snapshot", "Square"), ALL),
    **dict.fromkeys(("OnesLike", "ZerosLike"), (*ALL, "bool")),
    "Invert": INTEGERS,
    "LogicalNot": ("bool",),
    "Rint": ("float32", "float64"),
    # TensorFlow's kernel for float64 gives NaN for infinity.
    "Erf": ("float32", "float16"),
    # TensorFlow divides one half by another.
    "Tan": ("float32", "float64"),
}
OF_ONE = sorted(
    {*UNARY, *TYPES_OF_ONE, "Elu", "Erfc", "Expm1", "IsFinite", "IsInf", "IsNan", "LeakyRelu"}
    | {"Log1p", "Round", "Rsqrt"}
)
TYPES_OF_TWO = {
    "Add": (*FLOATS, *SIGNED, "uint8"),
    "ApproximateEqual": ("float32", "float64"),
    **dict.fromkeys(("BitwiseAnd", "BitwiseOr", "BitwiseXor"), INTEGERS),
    **dict.fromkeys(("Equal", "NotEqual"), (*ALL, "bool")),
    **dict.fromkeys(("LogicalAnd", "LogicalOr"), ("bool",)),
    **dict.fromkeys(("Mod", "TruncateMod"), WIDE),
    "SquaredDifference": (*WIDE, "float16"),
    **dict.fromkeys(("Atan2", "DivNoNan", "MulNoNan", "Pow", "RealDiv"), FLOATS),
    **dict.fromkeys(("Xdivy", "Xlog1py", "Xlogy"), FLOATS),
}
DIVISIONS = {"Div", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod"}
OF_TWO = sorted({*BINARY, *TYPES_OF_TWO, *DIVISIONS})
# Those that ONNX has from opset 18 on.
BITWISE = {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}

EDGES = (0.0, -0.0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2.5, -2.5, 3.25, -7, 1e-3, np.inf, -np.inf, np.nan)


def edges(dtype: str) -> np.ndarray:
    """Numbers at which operations are apt to differ."""
    if dtype in FLOATS:
        return np.array(EDGES, dtype)
    if dtype == "bool":
        return np.array([False, True])
    limits = np.iinfo(dtype)
    near = [0, 1, 2, 3, 5, 7, *((-1, -2, -3, -7) if limits.min else ())]
    return np.array([*near, limits.max, limits.max - 1, limits.min, limits.min + 1], dtype)


def pairs(dtype: str, op: str) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of edges but those that ONNX Runtime, or TensorFlow as well, cannot divide."""
    one, other = (grid.ravel() for grid in np.meshgrid(edges(dtype), edges(dtype)))
    if op not in DIVISIONS or dtype in FLOATS:
        return one, other
    least = np.iinfo(dtype).min
    is_divisible = (other != 0) & ~((one == least) & (other == -1))
    return one[is_divisible], other[is_divisible]


def typed(op: str, dtype: str) -> dict[str, str]:
    return {} if op.startswith("Logical") else {"T": dtype}


@pytest.mark.parametrize("op", OF_ONE)
def test_each_number_alone(op):
    for dtype in TYPES_OF_ONE.get(op, FLOATS):
        assert_same([node("y", op, "x", **typed(op, dtype))], {"x": edges(dtype)}, free=False)


@pytest.mark.parametrize("op", sorted({*OF_TWO} - BITWISE))
def test_each_pair_of_numbers(op):
    for dtype in TYPES_OF_TWO.get(op, ALL):
        if (op, dtype) == ("FloorDiv", "float16"):
            continue  # a quotient that TensorFlow rounds to 0 has another floor
        one, other = pairs(dtype, op)
        nodes = [node("y", op, "a", "b", **typed(op, dtype))]
        assert_same(nodes, {"a": one, "b": other}, free=False)


@pytest.mark.parametrize("op", sorted(BITWISE))
def test_bits_are_those_of_tensorflow_from_opset_18_on(op):
    for dtype in INTEGERS:
        one, other = pairs(dtype, op)
        nodes = [node("y", op, "a", "b", T=dtype)]
        assert_same(nodes, {"a": one, "b": other}, opsets=(18, 25), free=False)
    with pytest.raises(DlconvError, match="it needs opset 18 or newer"):
        written(graph_of(nodes, {"a": one, "b": other}), "y", 17)


@pytest.mark.parametrize("op", sorted({*OF_TWO} - BITWISE))
def test_each_pair_of_constants(op):
    """Much of it is computed while the model is written."""
    for dtype in TYPES_OF_TWO.get(op, ALL):
        if dtype in FLOATS and dtype != "float32":
            continue
        one, other = pairs(dtype, op)
        nodes = [const("a", one), const("b", other), node("y", op, "a", "b", **typed(op, dtype))]
        assert_same(nodes, {"x": np.zeros(1)}, opsets=(17,), free=False)


SHAPES = [(), (3,), (0,), (1, 4), (2, 0, 3), (2, 3, 4), (1, 3, 4, 2), (2, 5, 1, 3), (1, 2, 1, 2, 3)]


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """What an image that is cast to ``dtype`` may hold, float32."""
    scale = 2 if dtype in FLOATS else 9
    drawn = np.random.default_rng(seed).normal(size=shape) * scale
    return np.asarray(np.abs(drawn) if dtype.startswith("u") else drawn, np.float32)


@st.composite
def typed_operations(draw, ops, types):
    op = draw(st.sampled_from(ops))
    return op, draw(st.sampled_from(types.get(op, FLOATS)))


@settings(max_examples=30)
@given(typed_operations(OF_ONE, TYPES_OF_ONE), st.sampled_from(SHAPES))
def test_one_number_of_any_shape(operation, shape):
    op, dtype = operation
    nodes = [cast("typed", "x", dtype), node("y", op, "typed", **typed(op, dtype))]
    assert_same(nodes, {"x": numbers(shape, dtype)})


@st.composite
def broadcast_shapes(draw):
    """A shape, and one that is broadcast to it or that it is broadcast to."""
    shape = draw(st.sampled_from([(1, 3, 4, 2), (2, 3, 1, 5), (3, 2), (2, 3, 4)]))
    other = tuple(draw(st.sampled_from([1, extent])) for extent in shape)
    other = draw(st.sampled_from([other[k:] for k in range(len(shape) + 1)] + [(2, *other)]))
    return draw(st.permutations([shape, other]))


@settings(max_examples=30)
@given(
    typed_operations(sorted({*OF_TWO} - BITWISE), {**dict.fromkeys(OF_TWO, ALL), **TYPES_OF_TWO}),
    broadcast_shapes(),
    st.booleans(),
)
def test_two_numbers_of_shapes_that_are_broadcast(operation, shapes, is_constant):
    op, dtype = operation
    one, other = (numbers(shape, dtype, seed) for seed, shape in enumerate(shapes))
    if op in DIVISIONS:
        other = np.where(np.abs(other) < 1, np.float32(3), other)
    if op == "ApproximateEqual":
        other = np.resize(one, one.shape)
    nodes = [
        *([const("b", other)] if is_constant else []),
        cast("one", "a", dtype),
        cast("other", "b", dtype),
        node("y", op, "one", "other", **typed(op, dtype)),
    ]
    assert_same(nodes, {"a": one, **({} if is_constant else {"b": other})})


@pytest.mark.parametrize("shape", [(2,), (3, 4, 2), (4, 1), (1, 1, 1, 2), ()])
def test_a_constant_meets_the_channels_of_an_image_behind_a_convolution(shape):
    image = numbers((1, 3, 4, 2), "float32")
    shift = const("shift", numbers(shape, "float32", 1))
    assert_same([shift, node("y", "AddV2", "x", "shift", T=np.float32)], {"x": image})


def test_small_numbers_keep_their_digits():
    tiny = np.array([1e-7, -1e-7, 3e-6, 1e-10, -2.5e-5], np.float32)
    for op in ("Expm1", "Log1p"):
        assert_same([node("y", op, "x", T=np.float32)], {"x": tiny})
    ones = np.ones_like(tiny)
    assert_same([node("y", "Xlog1py", "a", "b", T=np.float32)], {"a": ones, "b": tiny})


@settings(max_examples=20)
@given(st.sampled_from(SIGNED), st.lists(st.integers(0, 70), min_size=1, max_size=4))
def test_powers_of_integers_wrap_as_tensorflow_s(dtype, exponents):
    bases = edges(dtype)[:, None]
    nodes = [const("e", np.array(exponents, dtype)), node("y", "Pow", "x", "e", T=dtype)]
    assert_same(nodes, {"x": bases})


def test_powers_of_integers_that_are_not_known_are_refused():
    bases = edges("int32")
    powers = node("y", "Pow", "x", "e", T=np.int32)
    with pytest.raises(DlconvError, match="its exponent, an integer, is not constant"):
        written(graph_of([powers], {"x": bases, "e": bases}), "y")
    with pytest.raises(DlconvError, match="its exponent is a negative integer"):
        written(graph_of([const("e", -1, np.int32), powers], {"x": bases}), "y")


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_rounding_integers_is_refused(dtype):
    """TensorFlow's kernel gives zeros."""
    with pytest.raises(DlconvError, match="it rounds integers"):
        written(graph_of([node("y", "Round", "x", T=dtype)], {"x": edges(dtype)}), "y")


@settings(max_examples=20)
@given(
    st.sampled_from(ALL),
    st.lists(st.sampled_from([(), (2,), (1, 3, 4, 2), (1, 3, 1, 2)]), min_size=1, max_size=4),
)
def test_sums_of_many(dtype, shapes):
    shapes = [shapes[0]] * len(shapes)
    feeds = {f"x{k}": numbers(shape, dtype, k) for k, shape in enumerate(shapes)}
    nodes = [cast(f"{name}/typed", name, dtype) for name in feeds]
    total = node("y", "AddN", *(each.name for each in nodes), T=dtype, N=len(feeds))
    assert_same([*nodes, total], feeds)


@settings(max_examples=20)
@given(
    st.sampled_from(ALL),
    st.sampled_from([(3,), (2, 3, 4), (1, 3, 4, 2)]),
    st.booleans(),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_limits(dtype, shape, are_whole, low, high):
    limits = shape if are_whole else ()
    nodes = [
        cast("typed", "x", dtype),
        const("low", np.full(limits, low, dtype)),
        const("high", np.full(limits, high, dtype)),
        node("y", "ClipByValue", "typed", "low", "high", T=dtype),
    ]
    assert_same(nodes, {"x": numbers(shape, dtype)})


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("alpha", [0.0, 0.2, 1.5, -0.5])
def test_slopes(dtype, alpha):
    assert_same([node("y", "LeakyRelu", "x", T=dtype, alpha=alpha)], {"x": edges(dtype)})


@pytest.mark.parametrize("tolerance", [1e-5, 0.5, 0.0])
def test_tolerances(tolerance):
    one, other = pairs("float32", "Equal")
    compared = node("y", "ApproximateEqual", "a", "b", T=np.float32, tolerance=tolerance)
    assert_same([compared], {"a": one, "b": other})


def convertible(source: str, target: str) -> np.ndarray:
    """Numbers whose cast is defined."""
    if source == "bool":
        return np.array([False, True])
    if source in FLOATS and target not in (*FLOATS, "bool"):
        least = 0 if target.startswith("u") else -100
        return np.array([0.0, 0.5, -0.5, 0.99, 1.5, 2.5, 100.7, least, least + 0.3], source)
    numbers = edges(source)
    is_too_wide = target == "float16" and source in INTEGERS
    return numbers[np.abs(numbers.astype(float)) < 6e4] if is_too_wide else numbers


@pytest.mark.parametrize("source", [*ALL, "bool"])
def test_casts(source):
    for target in (*ALL, "bool"):
        nodes = [cast("y", "x", target, source)]
        assert_same(nodes, {"x": convertible(source, target)}, free=False)


@pytest.mark.parametrize("source", ["float32", "int64", "bool"])
def test_casts_of_constants(source):
    """They are computed while the model is written; what is added stops TensorFlow from it."""
    for target in ALL:
        nodes = [
            const("c", convertible(source, target)),
            cast("converted", "c", target, source),
            node("y", "AddV2", "converted", "x", T=target),
        ]
        assert_same(nodes, {"x": np.zeros((), target)}, free=False)


def test_a_cast_that_truncates_floats_is_refused():
    half = node("y", "Cast", "x", SrcT=np.float32, DstT=np.float16, Truncate=True)
    with pytest.raises(DlconvError, match="it truncates, and ONNX rounds to the nearest"):
        written(graph_of([half], {"x": edges("float32")}), "y")


@pytest.mark.parametrize("dtype", sorted(NUMBERS))
@pytest.mark.parametrize("target", sorted(NUMBERS))
def test_bits_of_constants(dtype, target):
    ratio = np.dtype(target).itemsize // np.dtype(dtype).itemsize
    numbers = edges(dtype)[:8] if ratio < 2 else np.resize(edges(dtype), (3, ratio))
    numbers = numbers[np.isfinite(numbers)] if ratio < 2 else np.nan_to_num(numbers)
    nodes = [
        const("c", numbers),
        node("bits", "Bitcast", "c", T=dtype, type=target),
        node("ends", "Pack", "bits", "bits", T=target, N=2, axis=0),
        node(
            "y", "GatherV2", "ends", "x", "axis", Tparams=target, Tindices=np.int32, Taxis=np.int32
        ),
        const("axis", 0, np.int32),
    ]
    assert_same(nodes, {"x": np.array([1], np.int32)}, free=False)


@pytest.mark.parametrize(("source", "target"), [("int8", "uint8"), ("uint16", "int16")])
def test_bits_of_an_integer_as_one_of_the_same_size(source, target):
    assert_same([node("y", "Bitcast", "x", T=source, type=target)], {"x": edges(source)})


def test_bits_that_onnx_cannot_read_are_refused():
    bits = node("y", "Bitcast", "x", T=np.float32, type=np.int32)
    with pytest.raises(DlconvError, match="ONNX cannot read the bits of float32 as int32"):
        written(graph_of([bits], {"x": edges("float32")}), "y")


@pytest.mark.parametrize("op", ["Identity", "StopGradient", "PreventGradient", "Snapshot"])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool"])
def test_copies(op, dtype):
    assert_same([node("y", op, "x", T=dtype)], {"x": edges(dtype)})


def test_what_only_looks_at_its_input_hands_it_on():
    image = {"x": numbers((1, 3, 4, 2), "float32")}
    seen = node("y", "Print", "x", "x", T=np.float32)
    seen.attr["U"].list.type.append(1)
    assert_same([seen], image)
    checked = node("y", "CheckNumerics", "x", T=np.float32, message=b"")
    assert_same([checked], image)


def test_several_are_handed_on_at_once():
    all_of_them = node("both", "IdentityN", "x", "n")
    all_of_them.attr["T"].list.type.extend([1, 3])
    feeds = {"x": numbers((1, 3, 4, 2), "float32"), "n": np.array([3, 4], np.int32)}
    assert_same([all_of_them, node("y", "Identity", "both", T=np.float32)], feeds)
    assert_same([all_of_them, node("y", "Identity", "both:1", T=np.int32)], feeds)


def test_sizes_are_subtracted_from_zero_not_negated():
    feeds = {"x": np.array([0, 5, -(2**31), 2**31 - 1], np.int32)}
    nodes = [node("y", "Neg", "x", T=np.int32)]
    assert_same(nodes, feeds)
    model = written(graph_of(nodes, feeds), "y").skeleton
    assert [each.op_type for each in model.graph.node] == ["Sub"]
