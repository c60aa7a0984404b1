import numpy as np
import pytest
from support.graphs import tiny_kernel

from dlconv.errors import DlconvError
from dlconv.verify.kept_answers import KeptAnswers

IMAGE = np.random.default_rng(5).integers(0, 256, (1, 7, 9, 3), np.uint8)


def test_an_answer_is_kept_and_a_damaged_one_is_not_taken(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "cache"))
    expected = np.argmax(IMAGE.astype(np.float32) @ tiny_kernel()[0, 0], axis=3)
    with KeptAnswers(tiny.path) as first:
        assert np.array_equal(first.to(IMAGE), expected)
    second = KeptAnswers(tiny.path)
    tiny.path.unlink()
    with second:
        assert np.array_equal(second.to(IMAGE), expected)
        (kept,) = tmp_path.glob("cache/checks/*/*.npy")
        kept.write_bytes(kept.read_bytes()[:-1])
        with pytest.raises(DlconvError, match="cannot read"):
            second.to(IMAGE)
