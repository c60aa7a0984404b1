from dataclasses import replace

from rich.console import Console

from dlconv.verify.report import MOST_PHOTOS, percent, tables


def printed(result):
    console = Console(width=140, record=True)
    for table in tables([result], with_photos=True):
        console.print(table)
    return console.export_text()


def test_tables_show_photos_classes_and_the_sum(checked):
    text = printed(checked)
    for words in ("bad.jpg", "69.00 %", "background", "84.00 %", "tfjs uint8", "failed"):
        assert words in text


def test_a_share_below_one_is_never_shown_as_all():
    assert percent(1) == "100.00 %"
    assert percent(0.999999) == "99.99 %"


def test_what_changed_most_is_named(failed):
    before, after, pixels = failed.confusion.mistaken()[0]
    names = failed.artifact.manifest.classes
    most = f"{names[before]} to {names[after]} {pixels:,}"
    assert f"pixels that changed most: {most}" in printed(failed)


def test_of_many_photos_the_worst_are_shown(checked):
    good, bad = checked.photos
    many = replace(checked, photos=(*([good] * MOST_PHOTOS), bad))
    text = printed(many)
    assert f"the {MOST_PHOTOS} worst of {MOST_PHOTOS + 1} photos" in text
    assert text.count("good.jpg") == MOST_PHOTOS - 1
    assert text.index("bad.jpg") < text.index("good.jpg")


def test_scores_are_told_of(checked):
    worse = replace(checked.photos[1], score_error=0.25)
    assert "scores differ by 0.25 at most" in printed(replace(checked, photos=(worse,)))
