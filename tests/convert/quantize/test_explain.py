import numpy as np
import pytest
from rich.console import Console

from dlconv.convert.quantize.explain import curve_table, tensor_entries, tensor_table
from dlconv.convert.quantize.storage import store_layers
from dlconv.convert.stored import WeightType, store


def printed(table):
    console = Console(width=160, record=True)
    console.print(table)
    return console.export_text()


@pytest.fixture(scope="module")
def explained(small, learn):
    learned = learn(explain=True)
    return learned, tensor_entries(store_layers(small, learned.rounded).stored, learned)


def test_without_images_there_is_an_entry_for_each_constant_the_largest_first():
    stored = {
        "few": store(np.array([-1, 0, 3], np.float32), WeightType.UINT8),
        "more": store(np.linspace(0, 1, 10, dtype=np.float32).reshape(2, 5), WeightType.UINT16),
    }
    more, few = tensor_entries(stored, None)
    assert (more.name, more.dtype, more.shape, more.bytes) == ("more", "uint16", (2, 5), 20)
    assert (few.dtype, few.shape, few.bytes) == ("uint8", (3,), 3)
    assert (few.minimum, few.maximum) == (pytest.approx(-1, abs=0.01), pytest.approx(3, abs=0.01))
    assert few.divergence is few.disagreement is None


def test_what_costs_most_comes_first(explained):
    learned, entries = explained
    assert entries[0].name == "large/kernel"
    costs = [entry.divergence for entry in entries if entry.divergence is not None]
    assert costs == sorted(costs, reverse=True)
    assert len(costs) == len(learned.rounded) == 5
    assert {entry.name for entry in entries[5:]} == {
        each.layer.bias_name for each in learned.rounded
    }
    shares = {share.layer.kernel_name: share for share in learned.shares}
    assert entries[0].disagreement == shares["large/kernel"].disagreement


def test_the_table_has_a_row_for_each_tensor_in_that_order(explained):
    _, entries = explained
    rows = [line.split() for line in printed(tensor_table(entries)).splitlines()]
    names = [row[0] for row in rows if row and row[0] in {entry.name for entry in entries}]
    assert names == [entry.name for entry in entries]
    (large,) = [row for row in rows if row and row[0] == "large/kernel"]
    assert large[1:3] == ["uint8", "1x1x96x96"]
    assert "9,216" in large
    assert large[-1] == "%"
    (bias,) = [row for row in rows if row and row[0] == "large/bias"]
    assert "%" not in bias


def test_the_table_of_a_search_marks_what_was_chosen(searched):
    lines = printed(curve_table(searched.found)).splitlines()
    rows = [line for line in lines if " MB " in line]
    assert len(rows) == len(searched.found.curve)
    (chosen,) = [line for line in rows if "chosen" in line]
    assert f"{100 * searched.found.best.distance.agreement:.2f} %" in chosen
    assert "met" in chosen
    missed = [line for line in rows if "missed" in line]
    assert len(missed) == sum(not each.meets_floors for each in searched.found.curve) > 0
