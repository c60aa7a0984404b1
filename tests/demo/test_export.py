"""The exported site in Chromium, from a server that knows nothing of it, below a path."""

import pytest
from support.chromium import needs_chromium
from support.demo import DemoPage
from support.hosting import static_server
from support.sample import PHOTOS

from dlconv.demo.site import Offer, export, make_site
from dlconv.models.registry import voc_colours

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"


def kept_site(artifacts):
    return make_site([Offer(each, voc_colours(256)) for each in artifacts], is_kept=True)


@pytest.fixture(scope="module")
def exported(artifacts, tmp_path_factory):
    root = tmp_path_factory.mktemp("host")
    export(kept_site(artifacts), root / "some" / "where")
    return root


def test_it_works_below_a_path_and_without_a_network_after_a_visit(browser, exported):
    context = browser.new_context()
    with static_server(exported) as host:
        page = DemoPage(context.new_page(), f"{host}some/where/").open()
        page.show(PHOTO)
        first = page.plain().pixels()
        page.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        page.run(1)
    page.open().plain()
    page.show(PHOTO)
    assert (page.pixels() == first).all()
    assert page.page.evaluate("crossOriginIsolated")
    page.run(1)
    assert not page.troubles
    context.close()


def test_a_new_export_takes_the_place_of_the_old_one(browser, artifacts, exported):
    context = browser.new_context()
    with static_server(exported) as host:
        page = DemoPage(context.new_page(), f"{host}some/where/").open()
        page.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        export(kept_site(artifacts[1:2]), exported / "some" / "where")
        page.open()
        page.page.evaluate(
            "navigator.serviceWorker.getRegistration().then(found => new Promise(done => {"
            " const look = () => found.waiting ? done() : setTimeout(look, 50); look(); }))"
        )
        page.page.close()
        again = DemoPage(context.new_page(), f"{host}some/where/").open()
        assert len(again.page.query_selector_all("[name=model]")) == 1
    context.close()
