"""Which model runs: measured one after another, or by the frame rate that is to be held."""

import pytest
from support.artifacts import PLAIN, tfjs_artifact
from support.chromium import needs_chromium
from support.demo import demo_page
from support.sample import PHOTOS
from support.waiting import MILLISECONDS

from dlconv.demo.site import Offer, make_site
from dlconv.recipe import Interface
from dlconv.registry.models import voc_colours

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"


@pytest.fixture(scope="module")
def site_of_sizes(graph, tmp_path_factory):
    """Make a site with the sample network at several sizes."""
    folder = tmp_path_factory.mktemp("sizes")

    def make(*sides):
        offers = []
        for side in sides:
            interface = Interface(input_size=(side, side))
            made = tfjs_artifact(graph, folder / str(side), PLAIN, interface=interface)
            offers.append(Offer(made, voc_colours(256)))
        return make_site(offers)

    return make


@pytest.fixture
def page(browser, site):
    with demo_page(browser, site) as page:
        yield page


def run_camera(page):
    page.page.click("#camera")
    page.wait_for_labels()


def wait_for_size(page, size):
    page.page.wait_for_selector(f"#state:has-text('{size}x{size} runs')", timeout=MILLISECONDS)


def slow_down(page):
    """What another program would do to the worker that needs the processor."""
    for worker in page.page.workers:
        worker.evaluate(
            "addEventListener('message', () => {"
            " const end = Date.now() + 300; while (Date.now() < end); })"
        )


@pytest.mark.long
def test_a_size_that_misses_the_rate_is_left_for_one_that_holds_it(browser, site_of_sizes):
    with demo_page(browser, site_of_sizes(513, 257, 65)) as page:
        page.page.select_option("[name=rate]", "15")
        run_camera(page)
        wait_for_size(page, 257)
        assert page.page.is_checked("[name=model][value='1']")
        assert "513x513 ran at" in page.page.inner_text("#pace")
        page.page.wait_for_timeout(6000)
        assert page.page.is_checked("[name=model][value='1']")
        assert float(page.stats()["Masks"].split()[0]) > 5
        assert not page.troubles


@pytest.mark.long
def test_a_size_below_half_of_the_largest_is_left_to_the_person(browser, site_of_sizes):
    with demo_page(browser, site_of_sizes(129, 33)) as page:
        slow_down(page)
        page.page.select_option("[name=rate]", "15")
        run_camera(page)
        page.page.wait_for_timeout(4000)
        assert page.page.is_checked("[name=model][value='0']")
        page.page.click("[name=model][value='1']")
        page.page.wait_for_selector("#pace:has-text('Not even 33x33 holds')")


@pytest.mark.long
def test_it_goes_up_when_there_is_room_and_down_when_the_device_slows_down(browser, site_of_sizes):
    with demo_page(browser, site_of_sizes(129, 65)) as page:
        page.run(1)
        page.page.select_option("[name=rate]", "5")
        run_camera(page)
        wait_for_size(page, 129)
        assert "with room for more" in page.page.inner_text("#pace")
        slow_down(page)
        wait_for_size(page, 65)
        page.page.wait_for_selector("#pace:has-text('Not even 65x65')")


def test_without_a_rate_the_chosen_model_stays(browser, site_of_sizes):
    with demo_page(browser, site_of_sizes(513, 65)) as page:
        run_camera(page)
        page.page.wait_for_timeout(4000)
        assert page.page.is_checked("[name=model][value='0']")


def test_every_model_is_listed_with_its_size_and_bytes(page):
    listed = page.page.locator("#models .list label").all_inner_texts()
    assert [text.split("\n")[0].strip() for text in listed] == [
        "tfjs float32",
        "tfjs uint8 plain1",
        "onnx float32",
    ]
    assert all("up to 129x129" in text and "kB" in text for text in listed)


def test_all_models_are_measured_on_what_is_shown(page):
    page.page.click("#measure")
    page.page.wait_for_selector("#message:has-text('Open a photo, a video or the camera first')")
    page.show(PHOTO)
    page.page.click("#measure")
    page.page.wait_for_selector("#measured:has-text('3 of 3 measured')")
    costs = page.page.locator("#models .cost").all_inner_texts()
    assert all(text.endswith(" ms") for text in costs), costs
    assert page.page.is_checked("[name=model][value='0']")
    page.show(PHOTO)


def test_measuring_can_be_stopped(browser, site_of_sizes):
    with demo_page(browser, site_of_sizes(513, 65)) as page:
        run_camera(page)
        page.page.click("#measure")
        page.page.wait_for_selector("#measured:has-text('1 of 2: ')")
        page.page.click("#measure:has-text('Stop')")
        page.page.wait_for_selector("#measured:has-text('0 of 2 measured')")
        assert "not yet run" in page.page.locator("#models .cost").nth(1).inner_text()
        page.show(PHOTO)
