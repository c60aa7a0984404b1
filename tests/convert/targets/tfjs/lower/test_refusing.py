import numpy as np
import pytest
from support.graphs import const, node
from support.lowering import assert_not_lowered

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
