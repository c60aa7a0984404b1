"""A small network, rewritten, and what quantizing it teaches."""

import pytest
from support.networks import pictures, small_segmenter

from dlconv.convert.quantize.apply import round_layers
from dlconv.convert.quantize.storage import tfjs_target
from dlconv.convert.rewrite import rewrite
from dlconv.floors import Floors
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph


@pytest.fixture(scope="session")
def small():
    return rewrite(Graph(small_segmenter())).graph


@pytest.fixture(scope="session")
def learn(small):
    """Quantize the small network as TF.js stores weights, on pictures unless others are given."""

    def learn(count=8, per_channel=False, target=None, **options):
        options.setdefault("photos", lambda contract: pictures(count))
        contract = find_contract(small)
        return round_layers(small, contract, target or tfjs_target(per_channel), **options)

    return learn


@pytest.fixture(scope="session")
def searched(learn):
    return learn(floors=Floors(0.98, 0.95, None))
