from itertools import chain

import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder
from support.running import Session

from dlconv.graph.graph import Graph
from dlconv.graph.shapes import infer_static

F, I = np.float32, np.int32  # noqa: E741
EXTENTS = (3, 4, 5)
NUMBERS = np.arange(24, dtype=I).reshape(2, 3, 4)
MASKS = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")


def any_slice(random, name, source, dtype):
    """A slice of 0 to 4 parts, with any masks; one element is always one that there is."""
    count = int(random.integers(1, 5))
    masks = {f"{key}_mask": int(random.integers(0, 2**count)) for key in MASKS}
    masks["ellipsis_mask"] = int(random.choice([0, 0, 1, 2]))
    begin = random.integers(-2, 2, count)
    end = random.integers(-6, 7, count)
    steps = random.choice([-2, -1, 1, 1, 2, 3], count)
    is_one = masks["shrink_axis_mask"] >> np.arange(count) & 1
    parts = [begin, end, np.where(is_one, 1, steps)]
    names = [f"{name}/{key}" for key in ("begin", "end", "step")]
    constants = [const(n, part, I) for n, part in zip(names, parts, strict=True)]
    return [*constants, node(name, "StridedSlice", source, *names, T=dtype, Index=I, **masks)]


def slices(source, dtype, rank):
    random = np.random.default_rng(3)
    made = [any_slice(random, f"y{k}", source, dtype) for k in range(200)]
    return {parts[-1].name: parts for parts in made if _named(parts[-1], parts[0]) <= rank}


def _named(made, begin):
    """How many axes a slice names."""
    count = begin.attr["value"].tensor.tensor_shape.dim[0].size
    ellipsis, new = made.attr["ellipsis_mask"].i, made.attr["new_axis_mask"].i
    return sum(not (ellipsis | new) >> k & 1 for k in range(count))


@pytest.mark.parametrize("is_free", [False, True], ids=["fixed", "free"])
def test_shapes_are_those_of_tensorflow_for_any_masks(is_free):
    made = slices("x", F, len(EXTENTS))
    shape = [None] * 3 if is_free else EXTENTS
    graph = graph_def(placeholder("x", F, shape), *chain.from_iterable(made.values()))
    shapes = infer_static(Graph(graph)).shapes
    with Session(graph) as session:
        results = session.run(list(made), x=np.zeros(EXTENTS, F))
    symbols = {f"x[{axis}]": extent for axis, extent in enumerate(EXTENTS)}
    assert len(made) > 100
    for name, result in zip(made, results, strict=True):
        extents = [symbols.get(extent, extent) for extent in shapes[name]]
        assert len(extents) == result.ndim, name
        assert all(e in (None, n) for e, n in zip(extents, result.shape, strict=True)), name
        assert is_free or None not in extents, name


def test_values_are_those_of_tensorflow_for_any_masks():
    made = slices("numbers", I, NUMBERS.ndim)
    graph = graph_def(const("numbers", NUMBERS), *chain.from_iterable(made.values()))
    values = infer_static(Graph(graph)).values
    with Session(graph) as session:
        results = session.run(list(made))
    for name, result in zip(made, results, strict=True):
        assert values[name].shape == result.shape, name
        assert values[name].tolist() == result.tolist(), name
