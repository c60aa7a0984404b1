from dataclasses import replace

from pydantic import TypeAdapter
from rich.console import Console

from dlconv.verify.document import Document, as_data
from dlconv.verify.photos import Skipped
from dlconv.verify.reports.junit import as_junit
from dlconv.verify.reports.markdown import as_markdown
from dlconv.verify.reports.page import as_html
from dlconv.verify.reports.text import MOST_PHOTOS, percent, tables


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


def test_how_many_photos_were_checked_and_what_was_skipped_is_in_every_report(checked):
    skipped = tuple(Skipped(f"{k}.heic", "HEIC") for k in range(7))
    some = replace(checked, skipped=skipped)
    said = "2 photos checked, 7 skipped: 0.heic (HEIC), 1.heic (HEIC)"
    for report in (printed(some), as_markdown([some]), as_junit([some]).decode(), as_html([some])):
        assert said in " ".join(report.split())
        assert "and 2 more" in report
    assert "2 photos checked" in printed(checked)
    assert "skipped" not in printed(checked)
    (row,) = as_data([some])["results"]
    assert (row["photos_checked"], row["skipped"][0]) == (2, {"name": "0.heic", "kind": "HEIC"})
    assert len(row["skipped"]) == 7


def test_a_report_from_before_it_told_of_photos_is_still_read(checked):
    older = as_data([checked])
    for name in ("photos_checked", "skipped"):
        del older["results"][0][name]
    read = TypeAdapter(Document).validate_python(older)
    assert (read.results[0].photos_checked, read.results[0].skipped) == (None, [])
