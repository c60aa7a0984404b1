"""The page in Chromium, with real artifacts, photos and a camera that plays a file."""

import dataclasses
import re

import numpy as np
import pytest
from PIL import Image
from support.camera import write_y4m
from support.chromium import needs_chromium, wait_until
from support.demo import MAGENTA, demo_page, fake_camera, iou
from support.heap import Heap
from support.sample import PHOTOS
from support.waiting import MILLISECONDS

from dlconv.demo.self_check import self_check
from dlconv.demo.site import Offer, Site, make_site
from dlconv.registry.models import voc_colours
from dlconv.runtimes.chromium import open_browser
from dlconv.verify.photos import find_photos
from dlconv.verify.reference import Reference
from dlconv.web.build import WEB

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"
KEPT = [1, 2, 3, 4]


@pytest.fixture(scope="module")
def shared(browser, site):
    with demo_page(browser, site) as page:
        yield page.plain()


@pytest.fixture
def page(shared):
    """The page with a photo, as it is at first."""
    shared.choose(effect="magenta")
    shared.page.click("#all")
    shared.page.uncheck("#classes [value='0']")
    shared.show(PHOTO)
    return shared


@pytest.fixture(scope="module")
def reference(graph, tmp_path_factory):
    cache = tmp_path_factory.mktemp("labels")
    with Reference(graph.path, graph.source.graph_sha256, cache) as reference:
        yield reference


def photo_pixels():
    return np.asarray(Image.open(PHOTO).convert("RGB"))


@pytest.mark.parametrize("model", [0, 2])
def test_what_is_kept_is_what_the_frozen_graph_labels(shared, reference, model):
    if not shared.page.is_checked(f"[name=model][value='{model}']"):
        shared.run(model)
    shared.choose(effect="magenta")
    for photo in sorted(PHOTOS.glob("*.png")):
        pixels = np.asarray(Image.open(photo).convert("RGB"))
        if max(pixels.shape) < max(reference.crop):
            continue
        shared.show(photo)
        expected = np.isin(reference.labels(pixels[None])[0], KEPT)
        assert (shared.kept() == expected).mean() > 0.999, photo.name
    assert not shared.troubles


def test_only_classes_that_are_ticked_are_kept(page, reference):
    labels = reference.labels(photo_pixels()[None])[0]
    page.page.click("#none")
    assert not page.kept().any()
    page.page.check("#classes [value='2']")
    assert iou(page.kept(), labels == 2) > 0.99
    page.page.click("#all")
    assert page.kept().all()


def test_every_effect_draws_what_it_says(page, reference):
    photo = photo_pixels()
    labels = reference.labels(photo[None])[0]
    kept = np.isin(labels, KEPT)

    def drawn(effect):
        page.choose(effect=effect)
        return page.pixels()

    for effect in ("magenta", "colour", "blur"):
        assert (drawn(effect)[..., 3] == 255).all(), effect
        assert (drawn(effect)[kept][:, :3] == photo[kept]).mean() > 0.99, effect
    assert (drawn("magenta")[~kept][:, :3] == MAGENTA).mean() > 0.99
    assert (drawn("none")[..., :3] == photo).all()

    page.choose(effect="colour")
    page.page.fill("[name=colour]", "#102030")
    assert (page.pixels()[~kept][:, :3] == (0x10, 0x20, 0x30)).mean() > 0.99

    transparent = drawn("transparent")
    assert (transparent[~kept][:, 3] == 0).mean() > 0.99
    assert (transparent[kept][:, 3] == 255).mean() > 0.99

    def roughness(pixels):
        return np.abs(np.diff(pixels.astype(float), axis=1))[~kept[:, 1:]].mean()

    assert roughness(drawn("blur")[..., :3]) < roughness(photo) / 2


def test_the_class_map_has_the_colours_of_the_classes(page, site, reference):
    photo = photo_pixels()
    labels = reference.labels(photo[None])[0]
    page.choose(effect="classes")
    drawn = page.pixels()[..., :3].astype(float)
    green = np.array([0, 128, 0])
    expected = photo * 0.25 + green * 0.75
    assert np.abs(drawn - expected)[labels == 2].mean() < 2
    assert np.abs(drawn - photo)[labels == 0].mean() < 2


def test_a_picture_becomes_the_background(page, reference, tmp_path):
    file = tmp_path / "background.png"
    page.choose(effect="picture")
    outside = ~np.isin(reference.labels(photo_pixels()[None])[0], KEPT)

    def is_drawn(colour):
        drawn = page.pixels()[outside][:, :3].astype(int)
        return (np.abs(drawn - colour) < 3).mean() > 0.99

    for colour in ((90, 0, 60), (10, 200, 30)):
        Image.new("RGB", (300, 100), colour).save(file)
        page.page.set_input_files("#background-file", file)
        assert wait_until(page.page, lambda colour=colour: is_drawn(colour))
    file.write_bytes(b"no picture")
    page.page.set_input_files("#background-file", file)
    page.page.wait_for_selector("#message:has-text('not a photo')")
    assert is_drawn(colour)


def test_a_border_that_follows_the_picture_s_edges_is_closer_to_the_drawn_mask(page):
    truth = np.asarray(Image.open(PHOTOS / "masks" / PHOTO.name)) > 0
    own = iou(page.kept(), truth)
    page.choose(effect="transparent")
    page.page.check("[name=follow]")
    followed = iou(page.pixels()[..., 3] > 127, truth)
    page.page.uncheck("[name=follow]")
    assert followed > own + 0.01


def test_a_soft_border_is_between_both(page):
    page.choose(effect="transparent")
    hard = page.pixels()[..., 3]
    page.page.check("[name=soft]")
    soft = page.pixels()[..., 3]
    page.page.uncheck("[name=soft]")
    assert ((hard > 0) & (hard < 255)).mean() < 0.001
    assert 0.005 < ((soft > 0) & (soft < 255)).mean() < 0.3


def test_the_camera_s_frames_are_labelled_alike_for_as_long_as_it_runs(shared, reference):
    page = shared.page
    shared.choose(effect="none")
    page.click("#camera")
    page.wait_for_selector("#stop:visible")
    page.wait_for_selector("#picture[aria-label^='The camera']")
    frame = Image.fromarray(shared.pixels()[..., :3])
    shared.choose(effect="magenta")
    side = reference.crop[0]
    small = np.asarray(frame.resize((side, side), Image.Resampling.LANCZOS))
    labels = Image.fromarray(reference.labels(small[None])[0].astype(np.uint8))
    expected = np.isin(np.asarray(labels.resize(frame.size, Image.Resampling.NEAREST)), KEPT)
    assert wait_until(page, lambda: iou(shared.kept(), expected) > 0.99)

    tensors = set()
    for _ in range(20):
        page.wait_for_timeout(250)
        tensors.add(shared.stats()["Tensors"])
    assert len(tensors) == 1
    page.click("#stop")
    assert page.is_visible("#empty")
    assert not shared.troubles


def test_a_damaged_artifact_is_refused_in_words(browser, site):
    (name,) = [url for url in site.files if "float32/group1" in url]
    content = bytearray(site.files[name].read_bytes())
    content[1000] ^= 1
    with demo_page(browser, Site({**site.files, name: bytes(content)}), wait=False) as page:
        message = page.page.wait_for_selector("#message:visible").inner_text()
        assert "group1-shard1of1.bin is not the file that dlconv made: its SHA-256 is" in message
        assert page.page.inner_text("#state") == "No model is loaded."
        page.choose(model="1")
        page.page.wait_for_selector("text=tfjs uint8 plain1 runs on wasm")
        assert not page.page.is_visible("#message")


def test_what_cannot_be_opened_is_said(shared, tmp_path):
    for name, said in (("photo.png", "not a photo"), ("video.mp4", "not a video")):
        file = tmp_path / name
        file.write_bytes(b"nothing of the kind")
        shared.page.set_input_files("#chosen-file", file)
        shared.page.wait_for_selector(f"#message:has-text('{said}')")


def test_a_photo_that_is_chosen_before_the_page_listens_is_shown(browser, site):
    with demo_page(browser, site, wait=False) as page:
        waiting = []
        page.page.route("**/artifacts.json", lambda route: waiting.append(route))
        page.visit()
        page.page.set_input_files("#chosen-file", PHOTO)
        waiting[0].continue_()
        page.wait_for_labels()
        assert not page.troubles


def test_no_camera_is_said(site):
    with open_browser([]) as browser, demo_page(browser, site) as page:
        page.page.click("#camera")
        message = page.page.wait_for_selector("#message:visible").inner_text()
        assert "camera" in message


@pytest.mark.parametrize("model", [0, 2])
def test_a_backend_that_is_not_here_is_replaced(browser, site, model):
    with demo_page(browser, site) as page:
        page.run(model)
        page.page.select_option("[name=backend]", "webgpu")
        page.page.wait_for_selector("#message:has-text('webgpu failed, so it runs on wasm now')")
        page.show(PHOTO)


def test_nothing_can_leave_the_machine(browser, site):
    with demo_page(browser, site) as page:
        leave = "fetch('http://127.0.0.1:9/').then(() => 'left', error => error.message)"
        assert page.page.evaluate(leave) == "Failed to fetch"
        worker = page.page.workers[0]
        assert worker.evaluate(leave) == "Failed to fetch"
        refused = [trouble for trouble in page.troubles if "Content Security Policy" in trouble]
        assert len(refused) >= 1


def test_it_fits_a_phone(browser, site):
    with demo_page(browser, site, viewport={"width": 390, "height": 844}) as page:
        page.show(PHOTO)
        width = page.page.evaluate("document.documentElement.scrollWidth")
        assert width == 390


def test_a_keyboard_is_enough(page):
    page.page.focus("[name=effect][value=magenta]")
    page.page.keyboard.press("ArrowRight")
    assert page.page.is_checked("[name=effect][value=transparent]")
    assert (page.pixels()[..., 3] == 0).any()
    page.page.focus("#classes [value='2']")
    page.page.keyboard.press("Space")
    assert not page.page.is_checked("#classes [value='2']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, site, scheme):
    with demo_page(browser, site, bypass_csp=True, color_scheme=scheme) as page:
        page.show(PHOTO)
        page.page.click("#none")
        page.page.select_option("[name=rate]", "10")
        page.page.wait_for_selector("#absence button:visible")
        page.page.add_script_tag(path=WEB / "node_modules/axe-core/axe.min.js")
        found = page.page.evaluate("axe.run()")
        assert len(found["passes"]) > 20
        assert [(each["id"], each["impact"]) for each in found["violations"]] == []


def slow_down(page):
    """What a network of 700 ms would do to the worker."""
    page.page.workers[0].evaluate(
        "addEventListener('message', () => {"
        " const end = Date.now() + 700; while (Date.now() < end); })"
    )


def frames_in(page, milliseconds):
    """How many frames the camera gives, and how many of them are drawn."""
    return page.page.evaluate(
        """async (milliseconds) => {
            const draw = CanvasRenderingContext2D.prototype.drawImage;
            const drawn = new Set();
            let video;
            CanvasRenderingContext2D.prototype.drawImage = function (source, ...place) {
                if (source instanceof HTMLVideoElement && this.canvas.id === "picture") {
                    video = source;
                    drawn.add(source.getVideoPlaybackQuality().totalVideoFrames);
                }
                return draw.call(this, source, ...place);
            };
            while (!video) await new Promise(requestAnimationFrame);
            drawn.clear();
            const before = video.getVideoPlaybackQuality().totalVideoFrames;
            await new Promise((done) => setTimeout(done, milliseconds));
            const given = video.getVideoPlaybackQuality().totalVideoFrames - before;
            CanvasRenderingContext2D.prototype.drawImage = draw;
            return [given, drawn.size];
        }""",
        milliseconds,
    )


def test_with_a_slow_model_every_frame_of_the_camera_is_drawn(browser, site):
    with demo_page(browser, site) as page:
        slow_down(page)
        page.page.click("#camera")
        page.wait_for_labels()
        given, drawn = frames_in(page, 4000)
        assert given > 30
        assert drawn > 0.7 * given
        assert float(page.stats()["Masks"].split()[0]) < 2
        page.page.check("[name=inStep]")
        page.page.wait_for_timeout(4000)
        assert float(page.stats()["Frames"].split()[0]) < 4


@pytest.mark.long(seconds=40)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("frames", [1000, pytest.param(5000, marks=pytest.mark.weekly)])
def test_many_frames_leave_nothing_behind(site, tmp_path, frames):
    video = tmp_path / "fast.y4m"
    write_y4m(video, [photo_pixels()[:96, :128], photo_pixels()[:96, :128]], rate=60)
    with open_browser(fake_camera(video)) as browser, demo_page(browser, site) as page:
        heap = Heap(page.page)

        def held_after(count):
            page.page.click("#camera")
            page.wait_for_labels()
            seen = 0.0
            while seen < count:
                page.page.wait_for_timeout(1000)
                seen += float(page.stats()["Masks"].split()[0])
            tensors = page.stats()["Tensors"]
            page.page.click("#stop")
            page.page.wait_for_timeout(500)
            return heap.used(), tensors

        # By then the scripts are compiled as far as they will be.
        used, tensors = held_after(1000)
        later, tensors_later = held_after(frames)
        assert tensors_later == tensors
        assert later - used < 300_000


def test_the_fastest_backend_that_is_correct_is_found(browser, artifacts):
    photo = find_photos([PHOTO])[0]
    check = self_check(artifacts[0], photo)
    offers = [Offer(artifacts[0], voc_colours(256), check)]
    with demo_page(browser, make_site(offers)) as page:
        page.page.wait_for_selector("#state:has-text('Tried here: wasm')", timeout=MILLISECONDS)
        state = page.page.inner_text("#state")
        assert re.search(r"Tried here: wasm [\d.]+ ms, webgl ", state)
        page.show(PHOTO)
    wrong = dataclasses.replace(check, labels=bytes(len(check.labels)))
    with demo_page(browser, make_site([Offer(artifacts[0], voc_colours(256), wrong)])) as page:
        page.page.wait_for_selector("#state:has-text('Tried here: wasm wrong labels')")
        assert "runs on wasm" in page.page.inner_text("#state")
        assert "do not trust the mask" in page.page.inner_text("#message")


def test_litert_runs_in_place_of_a_model_of_the_same_choices_where_that_is_wrong(
    browser, artifacts, litert
):
    photo = find_photos([PHOTO])[0]
    check = self_check(artifacts[0], photo)
    wrong = dataclasses.replace(check, labels=bytes(len(check.labels)))
    offers = [
        Offer(artifacts[0], voc_colours(256), wrong),
        Offer(litert, voc_colours(256), self_check(litert, photo)),
    ]
    with demo_page(browser, make_site(offers)) as page:
        page.page.wait_for_selector("#state:has-text('litert float32 runs on wasm (1 thread), in')")
        page.page.wait_for_selector("#state:has-text('Tried here: tfjs wasm wrong labels, ')")
        assert re.search(r"litert wasm [\d.]+ ms\.$", page.page.inner_text("#state"))
        assert page.page.is_checked("[name=model][value='1']")
        page.plain().show(PHOTO)
        assert page.kept().any()
        assert {*page.troubles} <= {"No available adapters."}


def test_of_a_photo_after_a_camera_the_photo_s_shares_are_shown(browser, site):
    with demo_page(browser, site) as page:
        for _ in range(3):
            page.page.click("#camera")
            page.wait_for_labels()
            page.page.wait_for_timeout(700)
            page.show(PHOTO)
            page.page.wait_for_selector("#picture[aria-label^='The photo: ']")
            described = page.page.get_attribute("#picture", "aria-label").partition(": ")[2]
            listed = page.page.locator(".legend li").all_inner_texts()
            shown = [" ".join(text.split()) for text in listed if "%" in text]
            assert {*described.split(", ")} == {*shown}


def test_a_camera_that_ends_is_said(browser, site):
    with demo_page(browser, site) as page:
        page.page.evaluate(
            "(() => { const devices = navigator.mediaDevices;"
            " const ask = devices.getUserMedia.bind(devices);"
            " devices.getUserMedia = async (wanted) => { return stream = await ask(wanted); }; })()"
        )
        page.page.click("#camera")
        page.wait_for_labels()
        page.page.evaluate("stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
        page.page.wait_for_selector("#message:has-text('no more pictures')")
        assert page.page.is_visible("#empty")


def test_a_worker_that_fails_is_said(browser, site):
    with demo_page(browser, site) as page:
        page.page.click("#camera")
        page.wait_for_labels()
        worker = page.page.workers[0]
        worker.evaluate("() => { setInterval(() => { throw new Error('out of memory'); }, 5); }")
        page.page.wait_for_selector("#message:has-text('the worker failed')")


def test_two_models_are_compared_on_the_same_frame(browser, site, reference):
    with demo_page(browser, site) as page:
        page.plain().choose(effect="magenta")
        page.show(PHOTO)
        alone = page.pixels()
        page.page.select_option("[name=rival]", "2")
        page.page.wait_for_selector("#difference:has-text(' 0.0 % of the pixels')")
        same = page.pixels()
        page.page.select_option("[name=rival]", "1")
        page.page.wait_for_selector("#difference:has-text('% of the pixels')")
        shown = page.page.inner_text("#difference")
        share = float(re.search(r"([\d.]+) % of the pixels", shown)[1]) / 100
        drawn = page.pixels()
        page.page.select_option("[name=rival]", "")
        assert (page.pixels() == alone).all()
    middle = alone.shape[1] // 2
    sides = np.arange(alone.shape[1])
    sides = sides[abs(sides - middle) > 2]
    assert (same[:, sides] == alone[:, sides]).mean() > 0.999
    changed = (drawn[:, : middle - 2] != alone[:, : middle - 2]).any(2).mean()
    assert 0 < share < 0.1
    assert 0 < changed < 0.1


@pytest.mark.parametrize("source", ["photo", "camera"])
def test_what_the_picture_s_edge_cuts_is_not_softened_there(browser, site, source):
    with demo_page(browser, site) as page:
        page.page.click("#all")
        if source == "photo":
            page.show(PHOTO)
        else:
            page.page.click("#camera")
            page.wait_for_labels()
        page.choose(effect="transparent")
        page.page.wait_for_timeout(500)
        assert (page.pixels()[..., 3] == 255).all()
