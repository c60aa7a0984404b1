"""Models that know other classes than each other, and those without names for theirs."""

import dataclasses
import json

import pytest
from support.artifacts import PLAIN, tfjs_artifact
from support.chromium import needs_chromium
from support.demo import MAGENTA, demo_page
from support.sample import PHOTOS

from dlconv import api
from dlconv.demo.site import Offer, make_site
from dlconv.registry.models import voc_colours

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"


@pytest.fixture(scope="module")
def other(graph, artifacts, tmp_path_factory):
    """A site with the sample model, and with one whose background has the rectangle's index."""
    classes = ("rectangle", "disc", "background", "triangle", "ring")
    frozen = dataclasses.replace(graph, classes=classes)
    made = tfjs_artifact(frozen, tmp_path_factory.mktemp("other") / "uint8", PLAIN)
    return make_site([Offer(each, voc_colours(256)) for each in (*artifacts[:2], made)])


def test_models_of_other_classes_are_not_compared(browser, other):
    with demo_page(browser, other) as page:
        page.show(PHOTO)
        page.page.select_option("[name=rival]", "1")
        page.page.wait_for_selector("#difference:has-text('% of the pixels')")
        page.run(2)
        page.page.wait_for_selector("#difference:has-text('knows other classes')")
        page.page.select_option("[name=rival]", "2")
        page.page.wait_for_selector("#difference:has-text(' 0.0 % of the pixels')")
        page.page.select_option("[name=rival]", "0")
        page.page.wait_for_selector("#difference:has-text('knows other classes')")


def test_labels_of_other_classes_are_not_drawn(browser, other):
    with demo_page(browser, other) as page:
        page.plain()
        page.show(PHOTO)
        assert (page.pixels()[..., :3] == MAGENTA).all(2).any()
        for worker in page.page.workers:
            worker.evaluate(
                "(() => { const answer = postMessage;"
                " postMessage = (...given) => setTimeout(() => answer(...given), 1000); })()"
            )
        page.page.click("[name=model][value='2']")
        page.page.wait_for_selector(".legend li:nth-child(1):has-text('rectangle')")
        assert not (page.pixels()[..., :3] == MAGENTA).all(2).any()
        page.wait_for_next_labels()


def test_a_model_without_names_has_a_class_map(browser, graph, tmp_path):
    made = tfjs_artifact(dataclasses.replace(graph, classes=()), tmp_path / "uint8", PLAIN)
    with demo_page(browser, make_site([Offer(made, voc_colours(256))])) as page:
        page.plain().choose(effect="none")
        page.show(PHOTO)
        photo = page.pixels()
        page.choose(effect="classes")
        assert (page.pixels() != photo).any()
        swatches = page.page.eval_on_selector_all(
            ".swatch", "found => found.map(each => each.style.getPropertyValue('--colour'))"
        )
        assert {"rgb(128 0 0)", "rgb(0 128 0)"} < {*swatches}
        assert not page.page.is_checked(".legend [value='0']")
        assert page.page.is_checked(".legend [value='1']")


def test_the_page_has_the_names_that_it_is_given(artifacts, tmp_path):
    (tmp_path / "classes.txt").write_text("\n".join(["sky", "road", "tree", "house", "pond"]))
    folder = artifacts[0].directory
    site = api.demo([folder], classes=str(tmp_path / "classes.txt"))
    (manifest,) = (each for url, each in site.files.items() if url.endswith("manifest.json"))
    said = json.loads(manifest)
    assert said["classes"] == ["sky", "road", "tree", "house", "pond"]
    assert {**said, "classes": None} == {
        **json.loads(artifacts[0].manifest_path.read_text()),
        "classes": None,
    }


def test_classes_are_sorted_by_their_share_and_many_can_be_searched(browser, graph, tmp_path):
    few = tfjs_artifact(graph, tmp_path / "few", PLAIN)
    names = tuple(f"kind {index}" for index in range(30))
    many = tfjs_artifact(dataclasses.replace(graph, classes=names), tmp_path / "many", PLAIN)
    with demo_page(
        browser, make_site([Offer(each, voc_colours(256)) for each in (few, many)])
    ) as page:
        page.plain().show(PHOTO)
        first, second = page.page.locator(".legend li").all_inner_texts()[:2]
        assert first.startswith("background")
        assert int(first.split()[-2]) >= int(second.split()[-2]) > 0
        assert not page.page.is_visible("#search")
        page.page.click("[name=model][value='1']")
        page.page.wait_for_selector("#search")
        page.page.fill("#search", "KIND 2")
        assert page.page.locator(".legend li:visible").count() == 11
