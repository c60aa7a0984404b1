import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlconv.compare import MOST_CLASSES, compare
from dlconv.errors import DlconvError

SHAPES = st.tuples(st.just(1), st.integers(1, 6), st.integers(1, 6))


def maps(shape):
    return hnp.arrays(np.int32, shape, elements=st.integers(0, 5))


PAIRS = SHAPES.flatmap(lambda shape: st.tuples(maps(shape), maps(shape)))


@given(SHAPES.flatmap(maps))
def test_labels_agree_with_themselves(labels):
    scores = compare(labels, labels).scores()
    assert (scores.agreement, scores.miou, scores.differing) == (1, 1, 0)
    assert set(scores.class_iou) == set(labels.ravel().tolist())


@given(PAIRS)
def test_scores_do_not_depend_on_who_is_the_reference(pair):
    first, second = pair
    there, back = compare(first, second).scores(), compare(second, first).scores()
    assert (there.agreement, there.class_iou) == (back.agreement, back.class_iou)


@given(PAIRS)
def test_agreement_is_the_share_of_equal_pixels(pair):
    first, second = pair
    assert compare(first, second).scores().agreement == pytest.approx((first == second).mean())


@given(PAIRS)
def test_iou_is_intersection_over_union(pair):
    first, second = pair
    for label, iou in compare(first, second).scores().class_iou.items():
        both, either = (first == label) & (second == label), (first == label) | (second == label)
        assert iou == pytest.approx(both.sum() / either.sum())


@given(PAIRS, PAIRS)
def test_pooling_counts_the_pixels_of_both(one, other):
    pooled = (compare(*one) + compare(*other)).scores()
    apart = [compare(*pair).scores() for pair in (one, other)]
    assert pooled.pixels == sum(scores.pixels for scores in apart)
    assert pooled.differing == sum(scores.differing for scores in apart)


def test_a_class_that_only_the_artifact_sees_counts_as_missed():
    reference, labels = np.zeros((1, 1, 4), int), np.array([[[0, 0, 0, 7]]])
    scores = compare(reference, labels).scores()
    assert scores.class_iou == {0: 0.75, 7: 0}
    assert scores.miou == 0.375
    assert compare(reference, labels).reference_classes == {0}


@pytest.mark.parametrize(
    ("reference", "labels", "message"),
    [
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 3)), r"\(1, 2, 3\), the reference's \(1, 2, 2\)"),
        (np.zeros((1, 0, 2)), np.zeros((1, 0, 2)), "no pixels"),
        (np.zeros((1, 1, 1)), np.full((1, 1, 1), -1), "from -1 to 0"),
        (np.zeros((1, 1, 1)), np.full((1, 1, 1), MOST_CLASSES), f"from 0 to {MOST_CLASSES}"),
    ],
)
def test_what_cannot_be_compared_is_refused(reference, labels, message):
    with pytest.raises(DlconvError, match=message):
        compare(reference.astype(int), labels.astype(int))


def test_what_was_mistaken_for_what_comes_by_its_pixels():
    reference = np.array([[[0, 0, 0, 1, 2, 2]]])
    labels = np.array([[[0, 1, 1, 2, 2, 0]]])
    found = compare(reference, labels).mistaken()
    assert found[0] == (0, 1, 2)
    assert sorted(found) == [(0, 1, 2), (1, 2, 1), (2, 0, 1)]
    assert compare(reference, reference).mistaken() == []
