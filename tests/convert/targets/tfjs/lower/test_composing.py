import numpy as np
import pytest
from support.graphs import node
from support.lowering import assert_lowered


@pytest.mark.parametrize("shape", [(2, 3), ()])
def test_softsign(runners, shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert_lowered(runners, [node("y", "Softsign", "x", T=np.float32)], {"x": x}, ["Softsign"])
