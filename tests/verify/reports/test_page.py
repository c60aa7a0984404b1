"""The page of a report, in a real browser."""

from dataclasses import replace

import pytest
from support.chromium import needs_chromium

from dlconv.runtimes.chromium import open_browser
from dlconv.verify.reports.page import as_html

pytestmark = needs_chromium


@pytest.fixture
def page(passed, failed, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(as_html([passed, failed]), encoding="utf-8")
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 800})
        said = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url))
        page.goto(file.as_uri())
        yield page
        assert [each for each in said if not each.startswith(("data:", "file:"))] == []


def test_the_verdict_and_what_fell_short_are_read_first(page, failed):
    assert page.inner_text("h1") == "dlconv verify: 1 of 2 passed"
    assert page.locator("#table tbody tr").count() == 4
    assert "of them where the frozen graph was sure" in page.inner_text(".remarks")
    assert failed.failures[1] in page.inner_text(".reasons")
    assert page.locator("svg circle").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "fits a phone"


def test_photos_of_what_failed_come_first_the_worst_on_top(page, failed, passed):
    captions = page.locator("figcaption").all_inner_texts()
    assert len(captions) == 3
    assert captions[0].startswith(f"{failed.worst.photo}: ")
    shares = [float(caption.split(": ")[1].split(" %")[0]) for caption in captions]
    assert shares == sorted(shares) != [100, 100, 100]
    page.select_option("#chosen", "0")
    assert "100.00 %" in page.locator("figcaption").first.inner_text()


def test_it_shows_what_was_taken_for_what(page, failed):
    before, after, pixels = failed.confusion.mistaken()[0]
    names = failed.artifact.manifest.classes
    heads = page.locator("#confusion thead th").all_inner_texts()
    row = page.locator("#confusion tbody tr").filter(
        has=page.get_by_role("rowheader", name=names[before], exact=True)
    )
    cell = row.locator("td").nth(heads.index(names[after]))
    assert cell.inner_text() == f"{pixels:,}"
    page.select_option("#chosen", "0")
    assert not page.locator("#confusion-section").is_visible()


def test_the_slider_moves_what_is_compared_by_key(page):
    stack, slider = page.locator(".stack").first, page.locator("figure input").first
    assert stack.evaluate("each => getComputedStyle(each).getPropertyValue('--at')") == "50%"
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert stack.evaluate("each => getComputedStyle(each).getPropertyValue('--at')") == "51%"
    edge = page.locator(".edge").first.bounding_box()
    box = stack.bounding_box()
    assert (edge["x"] - box["x"]) / box["width"] == pytest.approx(0.51, abs=0.01)


def test_only_what_differs_can_be_shown(page):
    difference = page.locator("img.difference").first
    assert not difference.is_visible()
    page.check("#difference")
    assert difference.is_visible()
    assert not page.locator("img.labels").first.is_visible()


def test_an_artifact_that_scores_alike_in_two_runtimes_has_one_label(passed, failed, tmp_path):
    elsewhere = replace(passed, runtime="tfjs-chromium")
    file = tmp_path / "two.html"
    file.write_text(as_html([passed, elsewhere, failed]), encoding="utf-8")
    with open_browser() as browser:
        page = browser.new_page()
        page.goto(file.as_uri())
        assert page.locator("svg circle").count() == 3
        assert page.locator("svg .name").count() == 2
