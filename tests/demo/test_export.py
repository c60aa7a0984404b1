"""The exported site in Chromium, from a server that knows nothing of it, below a path."""

import os

import pytest
from support.chromium import needs_chromium
from support.demo import DemoPage
from support.hosting import static_server
from support.sample import PHOTOS

from dlconv.demo.site import Offer, export, make_site
from dlconv.registry.models import voc_colours

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"
FAR_AHEAD = (4e9, 4e9)


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


def wait_for_worker(page, host, state):
    """Wait until what is ``found`` of the site's service worker is so."""
    page.evaluate(
        f"navigator.serviceWorker.getRegistration('{host}some/where/').then("
        "found => new Promise(done => {"
        f" const look = () => {state} ? done() : setTimeout(look, 50); look(); }}))"
    )


@pytest.mark.parametrize("fresh_for", [None, 600])
def test_a_new_export_takes_the_place_of_the_old_one(browser, artifacts, tmp_path, fresh_for):
    site = tmp_path / "some" / "where"
    export(kept_site(artifacts), site)
    context = browser.new_context()
    with static_server(tmp_path, fresh_for) as host:
        page = DemoPage(context.new_page(), f"{host}some/where/").open()
        page.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        export(kept_site(artifacts[1:2]), site)
        (site / "index.html").write_text((site / "index.html").read_text() + "<p id=new>")
        page.open()
        wait_for_worker(page.page, host, "found.waiting")
        beside = context.new_page()
        beside.goto(host)
        page.page.close()
        wait_for_worker(beside, host, "!found.waiting && found.active.state === 'activated'")
        again = DemoPage(context.new_page(), f"{host}some/where/").open()
        assert len(again.page.query_selector_all("[name=model]")) == 1
        assert again.page.query_selector("#new")
    context.close()


def test_what_is_not_the_export_s_is_left_to_the_host(browser, artifacts, tmp_path):
    export(kept_site(artifacts[:1]), tmp_path / "home")
    note = tmp_path / "home" / "blog" / "index.html"
    note.parent.mkdir()
    context = browser.new_context()
    with static_server(tmp_path) as host:
        page = DemoPage(context.new_page(), f"{host}home/").open()
        page.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        for written in ("first", "second"):
            note.write_text(f"<p>{written}</p>")
            # A browser keeps what is old already without asking, for a tenth of its age.
            os.utime(note, FAR_AHEAD)
            # The host sends it on to blog/.
            page.page.goto(f"{host}home/blog")
            assert page.page.inner_text("p") == written
            assert not page.page.evaluate("crossOriginIsolated")
    context.close()


def test_without_room_an_artifact_is_still_used(browser, artifacts, tmp_path):
    export(kept_site(artifacts), tmp_path / "site")
    context = browser.new_context()
    with static_server(tmp_path) as host:
        page = DemoPage(context.new_page(), f"{host}site/").open()
        page.page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        page.open()
        context.new_cdp_session(page.page).send(
            "Storage.overrideQuotaForOrigin", {"origin": host.rstrip("/"), "quotaSize": 1}
        )
        page.run(1)
        kept = page.page.evaluate(
            "caches.keys().then(([name]) => caches.open(name)).then(cache => cache.keys())"
            ".then(found => found.map(({ url }) => url))"
        )
        assert not [url for url in kept if "plain1" in url]
        assert not page.troubles
    context.close()
