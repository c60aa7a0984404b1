"""The search for the fewest bytes that meet floors, on two real networks: what takes longest."""

import pytest
from support.quantized import Row, quantize_and_judge
from support.real import TARBALLS, fetched
from support.shared import needs_shared

pytestmark = [needs_shared, pytest.mark.weekly, pytest.mark.timeout(1800)]

LARGER, SMALLER = TARBALLS

ROWS = [
    Row(LARGER, "tfjs", "auto", True, None, 1_300_000, 0.99, 0.95, 0.87),
    Row(SMALLER, "tfjs", "auto", True, None, 520_000, 0.99, 0.9, 0.75),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_artifact_is_small_and_keeps_the_labels(row, tmp_path):
    quantize_and_judge(row, fetched(tmp_path), tmp_path)
