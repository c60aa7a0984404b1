import numpy as np
import pytest
from PIL import Image

from dlconv.floors import Floors
from dlconv.verify.check_artifact import check_artifact
from dlconv.verify.photos import PhotoError, with_masks
from dlconv.verify.scores.truth import against_truth

REFERENCE = np.array([[[0, 0, 1, 1]]])
LABELS = np.array([[[0, 1, 1, 1]]])


def drawn(folder, values, name="photo", mode="L"):
    path = folder / f"{name}.png"
    Image.fromarray(np.array(values, np.uint8)).convert(mode).save(path)
    return path


def test_both_are_scored_where_the_truth_is_known(tmp_path):
    found = against_truth(drawn(tmp_path, [[0, 0, 1, 255]]), REFERENCE, LABELS)
    assert found.reference.scores().miou == 1
    assert found.artifact.scores().miou == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert found.reference.scores().pixels == 3
    assert (found + found).artifact.scores().pixels == 6


def test_a_mask_of_another_size_is_scaled_without_mixing_classes(tmp_path):
    mask = drawn(tmp_path, np.kron([[0, 0, 1, 1]], np.ones((3, 3))))
    assert against_truth(mask, REFERENCE, LABELS).reference.scores().miou == 1


def test_a_mask_that_is_all_ignored_counts_for_nothing(tmp_path):
    assert against_truth(drawn(tmp_path, [[255] * 4]), REFERENCE, LABELS) is None


def test_a_mask_of_colours_or_of_nothing_is_refused(tmp_path):
    with pytest.raises(PhotoError, match=r"has colours \(RGB\), not classes"):
        against_truth(drawn(tmp_path, [[0] * 4], mode="RGB"), REFERENCE, LABELS)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(PhotoError, match="cannot read the mask"):
        against_truth(tmp_path / "text.png", REFERENCE, LABELS)


def test_photos_without_a_mask_are_left_out(tiny, passed, three_photos, tmp_path):
    drawn(tmp_path, np.full((60, 80), 255), name="one")
    drawn(tmp_path, np.zeros((60, 80)), name="two")
    floors = Floors(agreement=0.5, worst=None, miou=None)
    photos = with_masks(three_photos, tmp_path)
    result = check_artifact(passed.artifact, tiny.path, photos, tmp_path, floors)
    with_truth = [photo.photo for photo in result.photos if photo.truth is not None]
    assert with_truth == ["two.png"]
    assert result.truth.reference.scores() == result.truth.artifact.scores()
    assert result.truth.reference.scores().pixels == 60 * 80
    assert passed.truth is None
