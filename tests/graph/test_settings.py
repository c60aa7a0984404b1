"""Placeholders that are given a value."""

import numpy as np
import pytest
from support.graphs import graph_def, node, placeholder
from support.running import run

from dlconv.errors import DlconvError
from dlconv.graph.contract import Setting
from dlconv.graph.graph import Graph
from dlconv.graph.settings import with_settings

F = np.float32


def set_to(value, dtype=F, shape=()):
    given = placeholder("given", dtype, shape)
    made = with_settings(graph_def(given), [Setting("given", value)])
    return Graph(made).constant(made.node[0])


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(False, np.bool_), (True, np.bool_), (0.5, F), (1, F), (-3, np.int32), (255, np.uint8)],
)
def test_a_placeholder_becomes_a_constant_of_its_own_type(value, dtype):
    made = set_to(value, dtype)
    assert made.dtype == dtype
    assert made.item() == value


def test_every_element_has_the_value():
    assert set_to(0.5, shape=(2, 1)).tolist() == [[0.5], [0.5]]


def test_a_placeholder_of_unknown_rank_becomes_a_scalar():
    made = with_settings(graph_def(node("given", "Placeholder", dtype=F)), [Setting("given", 1)])
    assert Graph(made).constant(made.node[0]).shape == ()


@pytest.mark.parametrize(
    ("value", "dtype"), [(1, np.bool_), (True, F), (0.5, np.int32), (256, np.uint8)]
)
def test_a_value_of_another_type_is_refused(value, dtype):
    with pytest.raises(DlconvError, match=r"given takes \w+, not "):
        set_to(value, dtype)


def test_what_is_no_placeholder_or_has_no_fixed_shape_is_refused():
    with pytest.raises(DlconvError, match=r"x \(Relu\) is no placeholder"):
        with_settings(graph_def(node("x", "Relu", "x")), [Setting("x", 1)])
    with pytest.raises(DlconvError, match="its shape varies"):
        set_to(1, shape=(None, 2))


def test_a_default_is_replaced_for_all_that_read_it():
    default = node("given", "PlaceholderWithDefault", "x", dtype=F)
    default.attr["shape"].shape.SetInParent()
    nodes = [placeholder("x", F, ()), default, node("y", "Add", "x", "given", T=F)]
    made = with_settings(graph_def(*nodes), [Setting("given", 4)])
    assert run(made, "y", x=F(1)) == 5
