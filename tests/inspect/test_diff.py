import numpy as np
import pytest
from support.artifacts import PLAIN, tfjs_artifact
from support.graphs import tiny_segmenter

from dlconv.formats.read import read_network
from dlconv.inspect.compressed import NOTHING
from dlconv.inspect.diff import compare


@pytest.fixture
def network(frozen_on_disk):
    return read_network(frozen_on_disk(tiny_segmenter()).path)


def compared(before, after):
    return compare(before, after, (NOTHING, NOTHING))


def test_a_network_is_the_same_as_itself(network):
    found = compared(network, network)
    assert found.differences == ()
    assert found.is_same


def test_other_weights_are_a_difference_though_no_number_is(network, frozen_on_disk):
    kernel = np.ones((1, 1, 3, 3), np.float32)
    other = read_network(frozen_on_disk(tiny_segmenter(kernel=kernel), "other").path)
    found = compared(network, other)
    assert found.differences == ()
    assert not found.is_same
    assert len(found.weights.only_before) == 1


def test_formats_ops_and_precisions_are_compared(network, tiny, tmp_path):
    tfjs_artifact(tiny, tmp_path / "web", PLAIN)
    rows = {
        row.what: (row.before, row.after)
        for row in compared(network, read_network(tmp_path / "web")).differences
    }
    assert rows["format"] == ("frozen graph", "TF.js graph model")
    assert rows["weight bytes"] == ("36", "9")
    assert rows["weights stored as"] == ("1 float32", "1 uint8")
    assert rows["Identity"] == ("1", "0")
    assert not {"input", "output", "classes", "weights"} & rows.keys()
