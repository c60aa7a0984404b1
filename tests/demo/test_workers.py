"""What the page does when a worker is ended amid a frame, or does not answer."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error
from support.chromium import needs_chromium
from support.demo import RUNS, demo_page
from support.sample import PHOTOS

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"
SILENCE_MS = 60_000


def run_in(workers, script):
    """Run a script in workers, but for those that the page is ending."""
    for worker in workers:
        with suppress(Error):
            worker.evaluate(script)


def slow_down(workers):
    """What a network of 700 ms would do to them."""
    run_in(
        workers,
        "addEventListener('message', () => {"
        " const end = Date.now() + 700; while (Date.now() < end); })",
    )


def test_a_second_model_that_fails_is_dropped(browser, site):
    with demo_page(browser, site) as page:
        ours = {*page.page.workers}
        page.page.click("#camera")
        page.page.select_option("[name=rival]", "1")
        page.page.wait_for_selector("#difference:has-text('% of the pixels')")
        theirs = {*page.page.workers} - ours
        run_in(theirs, "() => { setInterval(() => { throw new Error('no memory'); }, 5); }")
        page.page.wait_for_selector("#message:has-text('The second model failed')")
        page.wait_for_next_labels()
        assert page.page.input_value("[name=rival]") == ""
        assert page.page.is_visible(RUNS)


@pytest.mark.parametrize("other", ["2", ""])
def test_the_second_model_can_be_changed_while_it_labels_a_frame(browser, site, other):
    with demo_page(browser, site) as page:
        page.page.click("#camera")
        page.page.select_option("[name=rival]", "1")
        page.page.wait_for_selector("#difference:has-text('% of the pixels')")
        slow_down(page.page.workers)
        page.wait_for_next_labels()
        page.page.wait_for_timeout(300)
        page.page.select_option("[name=rival]", other)
        page.wait_for_next_labels()
        assert not page.page.is_visible("#message")


def test_a_model_that_does_not_come_gives_way_to_the_next(browser, site):
    with demo_page(browser, site, wait=False) as page:
        page.page.route("**/tfjs-float32/group1*", lambda route: None)
        page.visit()
        page.page.wait_for_selector("#state:has-text('Loading')")
        page.page.wait_for_timeout(500)
        page.page.click("[name=model][value='2']")
        page.page.click("[name=model][value='1']")
        page.page.wait_for_selector("#state:has-text('plain1 runs on wasm')")


@pytest.mark.long
def test_a_stuck_worker_is_replaced_once_by_one_with_the_model(browser, site):
    def leave_a_frame_waiting():
        run_in(page.page.workers, "void setTimeout(() => { for (;;); }, 0)")
        page.page.set_input_files("#chosen-file", PHOTO)
        page.page.wait_for_timeout(500)
        page.page.clock.fast_forward(SILENCE_MS + 1000)

    with demo_page(browser, site, wait=False) as page:
        page.page.clock.install()
        page.open()
        leave_a_frame_waiting()
        page.page.wait_for_selector("#message:has-text('The model was loaded again')")
        page.wait_for_labels()
        assert page.page.is_visible(RUNS)
        leave_a_frame_waiting()
        page.page.wait_for_selector("#message:has-text('Choose another model')")
        assert page.page.inner_text("#state") == "No model is loaded."
        page.page.click("[name=model][value='1']")
        page.wait_for_next_labels()
