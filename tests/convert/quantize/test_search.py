import dataclasses

import numpy as np
import pytest

from dlconv.convert.quantize.calibrated import calibrate
from dlconv.convert.quantize.grid import tensor_grid
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.measure import Yardstick
from dlconv.convert.quantize.search import wire_bytes
from dlconv.convert.quantize.storage import tfjs_target
from dlconv.convert.stored import WeightType, store
from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.graph.contract import find_contract

LOOSE = Floors(0.9, None, None)


@pytest.fixture(scope="module")
def loose(learn):
    return learn(floors=LOOSE).found


def test_what_is_found_meets_the_floors(searched):
    best = searched.found.best
    assert best.meets_floors
    assert 0.98 <= best.distance.agreement <= 1
    assert best.distance.worst >= 0.95


def test_loose_floors_cost_fewer_bytes_than_8_bits_do_and_than_strict_ones(learn, loose, searched):
    assert loose.best.brotli_bytes < 0.8 * wire_bytes(learn().rounded)
    assert loose.best.brotli_bytes < searched.found.best.brotli_bytes
    assert loose.best.distance.divergence > searched.found.best.distance.divergence


def test_the_curve_has_all_tries_by_their_bytes_and_the_smallest_that_meets_the_floors(searched):
    found = searched.found
    sizes = [each.brotli_bytes for each in found.curve]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes) > 3
    good = [each for each in found.curve if each.meets_floors]
    assert found.best is good[0]
    assert len(good) < len(found.curve), "the search went on until it found too coarse a try"


def test_more_bytes_are_closer(searched):
    curve = searched.found.curve
    assert curve[0].distance.divergence > 3 * curve[-1].distance.divergence
    assert curve[0].distance.agreement < curve[-1].distance.agreement


def test_each_photo_was_judged_by_a_network_calibrated_on_others(small, searched):
    best = searched.found.best
    images = searched.calibration.images
    halves = [rounded_again(small, searched, images[half::2]) for half in (0, 1)]
    assert best.brotli_bytes == max(wire_bytes(rounded) for rounded in halves)
    first, second = (
        {name: value for each in rounded for name, value in each.weights.items()}
        for rounded in halves
    )
    with OnnxNetwork(small, find_contract(small)) as network:
        contract = find_contract(small)
        worst = min(
            Yardstick(network, contract, images[1::2]).distance(first).worst,
            Yardstick(network, contract, images[::2]).distance(second).worst,
        )
        each = Yardstick(network, contract, images).distance_each([second, first] * 4)
    assert worst == best.distance.worst
    assert each == best.distance


def test_what_is_found_was_rounded_once_more_on_all_photos(small, searched):
    found = searched.found
    rounded = rounded_again(small, searched, searched.calibration.images)
    for one, other in zip(found.rounded, rounded, strict=True):
        assert np.array_equal(one.codes, other.codes)
        assert np.array_equal(one.bias, other.bias)
    assert searched.rounded is found.rounded
    assert wire_bytes(found.rounded) == pytest.approx(found.best.brotli_bytes, rel=0.01)


def rounded_again(small, searched, images):
    """The layers at the steps that were found."""
    grids = {each.layer.name: [each.grid] for each in searched.rounded}
    layers = [each.layer for each in searched.rounded]
    with OnnxNetwork(small, find_contract(small)) as network:
        return calibrate(network, layers, grids, images, tfjs_target(False).stored_bias)


def test_steps_follow_from_what_each_tensor_costs(searched):
    """So that the last byte of each saves as much: the square of a step is n over its curvature."""
    shares = {share.layer.name: share for share in searched.shares}
    factors = []
    for each in searched.rounded:
        weight = shares[each.layer.name].curvature / each.layer.kernel.size
        factors.append(float(each.grid.scale) * np.sqrt(weight))
        assert each.codes.max() <= each.grid.last_code < 2**16
    assert factors == pytest.approx([searched.found.best.factor] * 5)
    assert len({float(each.grid.scale) for each in searched.rounded}) == 5


def test_floors_that_cannot_be_met_are_an_error_that_says_how_close_it_came(learn):
    """A target whose kernels have no more than 8 codes."""
    coarse = dataclasses.replace(tfjs_target(False), most_codes=8)
    with pytest.raises(DlconvError, match=r"the best try has agreement 0\.\d+, worst") as raised:
        learn(target=coarse, floors=Floors(0.999, None, None))
    assert raised.value.exit_code == 1
    assert "\n" not in str(raised.value)
    assert "lower the floors" in raised.value.hint


@pytest.mark.parametrize(
    "floors", [Floors(0.9, 0.985, None), Floors(0.9, None, 0.97)], ids=["worst", "mIoU"]
)
def test_floors_for_the_worst_photo_and_for_miou_count_too(learn, loose, floors):
    held = learn(floors=floors).found.best
    assert held.brotli_bytes > loose.best.brotli_bytes
    assert held.distance.worst >= (floors.worst or 0)
    assert held.distance.miou >= (floors.miou or 0)


def test_the_same_search_finds_the_same(learn, searched):
    again = learn(floors=Floors(0.98, 0.95, None))
    assert again.found.curve == searched.found.curve
    for one, other in zip(again.rounded, searched.rounded, strict=True):
        assert np.array_equal(one.codes, other.codes)


def test_each_layers_share_was_measured_on_the_way(small, searched):
    assert len(searched.shares) == len(searched.rounded) == 5
    for share in searched.shares:
        assert share.divergence >= 0
        assert 0 <= share.disagreement <= 1


def test_biases_are_those_that_16_bits_give_back(searched):
    for each in searched.rounded:
        again = store(each.bias, WeightType.UINT16)
        assert np.abs(again.values() - each.bias).max() <= again.scale


def test_fewer_codes_are_fewer_bytes(learn):
    sizes = [wire_bytes(learn(target=target_of(bits)).rounded) for bits in (16, 8, 4, 2)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 3 * sizes[-1]


def target_of(bits):
    return dataclasses.replace(
        tfjs_target(False), grids=lambda each: [tensor_grid(each.kernel, bits)]
    )
