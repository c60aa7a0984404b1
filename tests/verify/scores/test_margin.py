import numpy as np
import pytest
from support.graphs import tiny_kernel

from dlconv.verify.photos import load_photo
from dlconv.verify.reference import Reference
from dlconv.verify.scores.margin import best_minus_next, margins_of


def test_the_margin_is_that_of_the_two_best_scores_whatever_their_order():
    scores = np.array([[[[1, 5, 3], [7, 7, 0]]]], np.float32)
    assert best_minus_next(scores).tolist() == [[[2, 0]]]


def test_pixels_that_differ_are_counted_by_how_sure_the_reference_was():
    margins = np.array([[[0.1, 0.5, 1, 9]]])
    reference, labels = np.array([[[0, 0, 0, 0]]]), np.array([[[1, 1, 1, 0]]])
    found = margins_of(margins, reference, labels)
    assert (found.median, found.differing, found.sure) == (0.5, 3, 1)
    same = margins_of(margins, reference, reference)
    assert (same.median, same.differing, same.sure) == (None, 0, 0)


def test_margins_are_those_of_the_scores_and_come_from_the_cache_again(
    tiny, three_photos, tmp_path, monkeypatch
):
    image = load_photo(three_photos[0], None)
    scores = image.astype(np.float32) @ tiny_kernel()[0, 0]
    with Reference(tiny.path, tiny.source.graph_sha256, tmp_path / "labels") as reference:
        margins = reference.margins(image)
    assert margins == pytest.approx(best_minus_next(scores), rel=2e-3, abs=1e-2)
    monkeypatch.setattr(Reference, "_start", lambda self: pytest.fail("TensorFlow was started"))
    with Reference(tiny.path, tiny.source.graph_sha256, tmp_path / "labels") as reference:
        assert np.array_equal(reference.margins(image), margins)


def test_a_margin_that_was_cut_off_is_computed_again(tiny, three_photos, tmp_path):
    image = load_photo(three_photos[0], None)
    with Reference(tiny.path, tiny.source.graph_sha256, tmp_path / "labels") as reference:
        margins = reference.margins(image)
        (file,) = (tmp_path / "labels").rglob("*.npy")
        file.write_bytes(file.read_bytes()[:50])
        assert np.array_equal(reference.margins(image), margins)


def test_an_artifact_of_another_graph_differs_where_the_reference_was_sure(passed, failed):
    assert passed.sure_mismatches == 0
    assert 0 < failed.sure_mismatches <= failed.total.differing
