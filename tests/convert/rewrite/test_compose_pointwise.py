import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, graph_def, node, placeholder
from support.running import assert_close, assert_untouched, ops, rewritten, run

from dlconv.convert.rewrite.compose_pointwise import compose_pointwise

F = np.float32


def pointwise(name, source, given, out, side=1, stride=1, padding=b"SAME", groups=1):
    """A convolution with its bias, called ``name``."""
    rng = np.random.default_rng(given * 10 + out)
    return [
        const(f"{name}/kernel", rng.normal(size=(side, side, given // groups, out)), F),
        node(
            f"{name}/conv",
            "Conv2D",
            source,
            f"{name}/kernel",
            T=F,
            strides=[1, stride, stride, 1],
            padding=padding,
            data_format=b"NHWC",
        ),
        const(f"{name}/bias", rng.normal(size=out), F),
        node(name, "BiasAdd", f"{name}/conv", f"{name}/bias", T=F, data_format=b"NHWC"),
    ]


def chain(given=6, between=4, out=3, *more, first=None, second=None):
    return graph_def(
        placeholder("x", F, (1, 5, 5, given)),
        *pointwise("a", "x", given, between, **(first or {})),
        *pointwise("b", "a", between, out, **(second or {})),
        node("y", "Relu6", "b", T=F),
        *more,
    )


def pooled(given=6, between=4, out=3, padding=b"VALID"):
    """The end of DeepLab's backbone: features read directly and through image pooling."""
    window = {"ksize": [1, 5, 5, 1], "strides": [1, 1, 1, 1]}
    return chain(
        given,
        between,
        out,
        node("pool", "AvgPool", "a", T=F, padding=padding, data_format=b"NHWC", **window),
        *pointwise("c", "pool", between, 2),
        node("z", "Relu", "c", T=F),
    )


def features(given=6):
    return np.random.default_rng(1).normal(size=(1, 5, 5, given)).astype(F)


@settings(max_examples=15)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 8), st.booleans())
def test_a_product_of_kernels_is_the_same_function(given, between, out, valid):
    graph = chain(given, between, out, second={"padding": b"VALID" if valid else b"SAME"})
    composed = rewritten(compose_pointwise, graph)
    saves = given * out < given * between + between * out
    assert ops(composed).count("Conv2D") == (1 if saves else 2)
    x = features(given)
    assert_close(run(composed, "y", x=x), run(graph, "y", x=x), scale=50)


def test_what_is_pooled_on_the_way_is_the_same():
    graph = pooled()
    composed = rewritten(compose_pointwise, graph)
    assert ops(composed).count("Conv2D") == 2
    for name in ("y", "z"):
        assert_close(run(composed, name, x=features()), run(graph, name, x=features()), scale=50)


def other_reader(name="other"):
    return chain(6, 4, 3, node(name, "Relu", "a", T=F))


@pytest.mark.parametrize(
    "graph",
    [
        chain(16, 2, 16),
        chain(first={"side": 3}),
        chain(second={"side": 3}),
        chain(second={"stride": 2}),
        chain(first={"stride": 2}),
        chain(first={"groups": 2}),
        chain(second={"groups": 2}),
        other_reader(),
        pooled(padding=b"SAME"),
    ],
    ids=[
        "bottleneck",
        "3x3",
        "then 3x3",
        "then stride",
        "stride",
        "groups",
        "then groups",
        "other reader",
        "padded pool",
    ],
)
def test_what_is_not_the_pattern_is_left_alone(graph):
    assert_untouched(compose_pointwise, graph)
