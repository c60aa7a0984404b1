"""Classes by name, of a dataset or a file, or guessed from their number."""

import pytest

from dlconv.errors import DlconvError
from dlconv.registry.classes import classes_for, dataset_of, likely_dataset
from dlconv.registry.models import load_registry

DATASETS = load_registry().datasets


def test_a_word_is_a_dataset_or_a_file_with_a_class_on_each_line(tmp_path):
    (tmp_path / "mine.txt").write_text("\ufeffsky\r\nroad \n\n", encoding="utf-8")
    assert classes_for("voc", DATASETS)[15] == "person"
    assert classes_for("coco", DATASETS)[90] == "toothbrush"
    assert classes_for("mine.txt", DATASETS, tmp_path) == ("sky", "road")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "names no class"),
        (b"\n\n", "names no class"),
        (b"sky\n\nroad\n", "has no name on line 2"),
        (b"sky\nroad\nsky\n", "names 'sky' twice"),
        (b"\xff\xfe\x00", "is not a text file in UTF-8"),
        (b"a" * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_does_not_name_each_class_once_is_refused(tmp_path, content, reason):
    (tmp_path / "classes.txt").write_bytes(content)
    with pytest.raises(DlconvError, match=f"classes.txt {reason}"):
        classes_for("classes.txt", DATASETS, tmp_path)


def test_an_unknown_word_names_the_datasets():
    with pytest.raises(DlconvError, match="no classes called 'vco'") as raised:
        classes_for("vco", DATASETS)
    assert raised.value.hint.startswith("known are voc, cityscapes, ade20k, coco")


def test_the_number_of_classes_tells_the_dataset_where_it_is_large_enough():
    known = {21: "voc", 19: "cityscapes", 151: "ade20k", 91: "coco", 5: None, 22: None, None: None}
    likely = {count: likely_dataset(count, DATASETS) for count in known}
    assert {count: each.name if each else None for count, each in likely.items()} == known
    assert dataset_of(DATASETS["voc"].classes, DATASETS) is DATASETS["voc"]
    assert dataset_of(("sky",), DATASETS) is None
