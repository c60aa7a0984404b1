import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_not_lowered, graph_of

from dlconv.convert.targets.lower.lower_operations import lower_where
from dlconv.errors import DlconvError

F = np.float32


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        (
            [
                const("yes", np.array(True)),
                node("s", "Switch", "x", "yes", T=F),
                node("y", "Merge", "s", "s:1", T=F, N=2),
            ],
            r"cannot hold s \(Switch\): the image decides which branch runs",
        ),
        (
            [
                node("size", "Shape", "x", T=F, out_type=np.int32),
                node("y", "RandomUniform", "size", T=np.int32, dtype=F),
            ],
            r"cannot hold y \(RandomUniform\): .* freeze the network for inference",
        ),
        ([node("y", "Where", "x", T=F)], r"cannot hold y \(Where\): its size depends on values"),
    ],
)
def test_the_node_and_the_way_out_are_named(nodes, reason):
    ops = {each.op for each in nodes}
    assert_not_lowered(nodes, {"x": np.ones(2, F)}, ops, reason)


@pytest.mark.parametrize("holder", ["TensorFlow.js", "LiteRT"])
def test_who_cannot_hold_it_is_named(holder):
    graph = graph_of([node("y", "Where", "x", T=F)], {"x": np.ones(2, F)})
    with pytest.raises(DlconvError, match=rf"^{holder} cannot hold y \(Where\)"):
        lower_where(graph, lambda *_: True, holder)
