import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import (
    const,
    convolution,
    graph_def,
    node,
    placeholder,
    relu6,
    resize,
    tiny_segmenter,
)
from support.running import assert_untouched, ops, rewritten, run

from dlconv.convert.rewrite.drop_resizes import drop_resizes

F = np.float32
KINDS = ["ResizeBilinear", "ResizeNearestNeighbor"]
SAMPLINGS = [{}, {"align_corners": True}, {"half_pixel_centers": True}]


def fixed(shape, size, dtype=F, **options):
    return graph_def(
        placeholder("x", dtype, shape),
        const("size", size, np.int32),
        resize("resized", "x", "size", T=dtype, **options),
        node("y", "Identity", "resized", T=F),
    )


def size_of(source, of="x", rows=1, columns=2):
    """Nodes that give ``source`` the height and the width of a tensor, as a DeepLab export does."""
    bounds = [const(f"{source}/{i}", [i], np.int32) for i in range(4)]
    types = {"T": np.int32, "Index": np.int32, "shrink_axis_mask": 1}
    picked = [
        node(
            f"{source}/{name}",
            "StridedSlice",
            f"{source}/shape",
            *[f"{source}/{i}" for i in (axis, axis + 1, 1)],
            **types,
        )
        for name, axis in (("rows", rows), ("columns", columns))
    ]
    return [
        *bounds,
        node(f"{source}/shape", "Shape", of, T=F, out_type=np.int32),
        *picked,
        node(source, "Pack", f"{source}/rows", f"{source}/columns", T=np.int32, N=2),
    ]


def dynamic(*between, source="x", of="x", **axes):
    """A tensor is resized to the height and width of x in every run."""
    return graph_def(
        placeholder("x", F, (1, None, None, 3)),
        const("kernel", np.ones((3, 3, 3, 3)), F),
        *between,
        *size_of("size", of, **axes),
        resize("resized", source, "size"),
        node("y", "Identity", "resized", T=F),
    )


@settings(max_examples=25)
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.booleans(),
    st.sampled_from(KINDS),
    st.sampled_from(SAMPLINGS),
    st.integers(0, 99),
)
def test_only_a_resize_to_the_own_size_goes(extents, other, is_same, kind, sampling, seed):
    size = extents if is_same else other
    graph = fixed((2, *extents, 3), size, kind=kind, **sampling)
    result = rewritten(drop_resizes, graph)
    assert ops(result) == (["Identity"] if size == extents else [kind, "Identity"])
    x = np.random.default_rng(seed).normal(size=(2, *extents, 3)).astype(F)
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


@settings(max_examples=15)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 99))
def test_a_resize_to_the_size_in_every_run_goes(extents, seed):
    graph = dynamic(relu6("a", "x"), convolution("b", "a", "kernel"), source="b")
    result = rewritten(drop_resizes, graph)
    assert ops(result) == ["Relu6", "Conv2D", "Identity"]
    assert "size/shape" not in [n.name for n in result.node]
    x = np.random.default_rng(seed).normal(size=(1, *extents, 3)).astype(F)
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("shape", "size"), [((1, 4, 5, 3), (5, 4)), ((1, 4, 5, 3), (4, 6))])
def test_a_resize_to_another_size_stays(kind, sampling, shape, size):
    assert_untouched(drop_resizes, fixed(shape, size, kind=kind, **sampling))


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.float16, np.float64])
def test_a_resize_of_other_numbers_stays(dtype):
    assert_untouched(drop_resizes, fixed((1, 4, 5, 3), (4, 5), dtype))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(dynamic(rows=2, columns=1), id="height and width change places"),
        pytest.param(
            dynamic(convolution("b", "x", "kernel", padding=b"VALID"), source="b"),
            id="a smaller tensor",
        ),
        pytest.param(
            dynamic(convolution("b", "x", "kernel", strides=(2, 2)), source="b"), id="a stride of 2"
        ),
        pytest.param(
            dynamic(placeholder("other", F, (1, None, None, 3)), of="other"),
            id="the size of another input",
        ),
        pytest.param(
            dynamic(
                convolution("b", "x", "kernel", strides=(2, 2)),
                convolution("c", "x", "kernel", strides=(3, 3)),
                source="b",
                of="c",
            ),
            id="two sizes of which nothing is known",
        ),
        pytest.param(dynamic(node("odd", "NoRule", "x"), source="odd"), id="an unknown op"),
        pytest.param(fixed((1, None, None, 3), (4, 5)), id="an unknown size"),
    ],
)
def test_a_resize_to_what_may_be_another_size_stays(graph):
    assert_untouched(drop_resizes, graph)


def test_a_resize_to_a_size_that_is_fed_stays():
    graph = fixed((1, 4, 5, 3), (4, 5))
    graph.node[1].CopyFrom(placeholder("size", np.int32, (2,)))
    assert_untouched(drop_resizes, graph)


def test_a_resize_that_is_the_output_stays():
    graph = fixed((1, 4, 5, 3), (4, 5))
    del graph.node[-1]
    assert_untouched(drop_resizes, graph)


def test_a_graph_without_resizes_is_untouched():
    assert_untouched(drop_resizes, tiny_segmenter())
