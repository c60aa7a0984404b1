"""What the page says when nothing of what is kept is in the picture."""

import numpy as np
import pytest
from PIL import Image
from support.chromium import needs_chromium
from support.demo import demo_page
from support.sample import PHOTOS

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"
# There is none in the scene.
DISC = 1
FIRST_MS = 1000
NOTE_FIRST = """(() => {
  globalThis.first = {};
  const note = (selector, isThere, options) => {
    const element = document.querySelector(selector);
    const look = () => { if (isThere(element)) first[selector] ??= performance.now(); };
    new MutationObserver(look).observe(element, options);
  };
  note("#picture", ({ ariaLabel }) => ariaLabel?.includes("%"), { attributes: true });
  note("#absence p", ({ textContent }) => textContent, { childList: true });
})()"""


@pytest.fixture
def page(browser, site):
    with demo_page(browser, site) as page:
        page.plain()
        yield page


def keep_discs(page):
    page.page.click("#none")
    page.page.check(f"#classes [value='{DISC}']")


def said(page):
    return page.page.inner_text("#absence")


def test_a_photo_without_what_is_kept_says_so_and_offers_what_is_there(page):
    masked = np.unique(np.asarray(Image.open(PHOTOS / "masks" / PHOTO.name)))
    assert DISC not in masked
    page.show(PHOTO)
    assert said(page) == ""
    keep_discs(page)
    assert said(page).startswith("No disc here. The picture shows ")
    assert not page.kept().any()
    page.page.click("#absence button:has-text('Keep')")
    assert page.kept().any()
    assert page.page.is_checked(f"#classes [value='{DISC}']")
    assert said(page) == ""


def test_a_picture_that_stays_as_it_is_misses_nothing(page):
    page.show(PHOTO)
    keep_discs(page)
    page.choose(effect="none")
    assert said(page) == ""
    page.choose(effect="blur")
    assert said(page) != ""


def test_of_a_camera_it_is_said_after_a_moment_and_stays(page):
    page.page.click("#none")
    page.page.evaluate(NOTE_FIRST)
    page.page.click("#camera")
    page.page.wait_for_selector("#absence:has-text('No class is kept. The picture shows')")
    first = page.page.evaluate("first")
    assert first["#absence p"] - first["#picture"] > 0.9 * FIRST_MS
    page.page.evaluate(
        "changes = 0; new MutationObserver(() => changes++).observe("
        "document.querySelector('#absence'), { childList: true, subtree: true })"
    )
    page.page.wait_for_timeout(2500)
    assert page.page.evaluate("changes") == 0
    page.page.click("#stop")
    assert said(page) == ""
