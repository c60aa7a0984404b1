"""The page on WebGL and WebGPU, in Chromium's software graphics."""

import re

import numpy as np
import pytest
from PIL import Image
from support.chromium import needs_chromium
from support.demo import demo_page, fake_camera, iou
from support.sample import PHOTOS

from dlconv.demo.self_check import self_check
from dlconv.demo.site import Offer, make_site
from dlconv.models.registry import voc_colours
from dlconv.verify.photos import find_photos
from dlconv.verify.reference import Reference
from dlconv.verify.runtimes.chromium import SOFTWARE_GRAPHICS, open_browser

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"
KEPT = [1, 2, 3, 4]
TFJS, ONNX = 0, 2
SLOW_MS = 60_000


@pytest.fixture(scope="module")
def browser(camera):
    with open_browser([*SOFTWARE_GRAPHICS, *fake_camera(camera)]) as browser:
        yield browser


def run_on(page, backend):
    page.page.select_option("[name=backend]", backend)
    page.page.wait_for_selector(f"#state:has-text('runs on {backend}')", timeout=SLOW_MS)


def test_an_onnx_artifact_runs_on_webgpu_and_only_then_fetches_it(browser, site, graph, tmp_path):
    with demo_page(browser, site) as page:
        asked = []
        page.page.on("request", lambda request: asked.append(request.url))
        page.plain().run(ONNX)
        assert not [url for url in asked if "asyncify" in url]
        run_on(page, "webgpu")
        assert [url for url in asked if url.endswith("asyncify.wasm")]
        page.show(PHOTO)
        with Reference(graph.path, graph.source.graph_sha256, tmp_path) as reference:
            labels = reference.labels(np.asarray(Image.open(PHOTO).convert("RGB"))[None])
        assert iou(page.kept(), np.isin(labels[0], KEPT)) > 0.99
        page.page.click("#camera")
        page.wait_for_next_labels()
        page.wait_for_next_labels()
        assert not page.page.is_visible("#message")
        assert not page.troubles


def test_an_onnx_artifact_s_backends_are_tried(browser, artifacts):
    artifact = artifacts[ONNX]
    check = self_check(artifact, find_photos([PHOTO])[0])
    with demo_page(browser, make_site([Offer(artifact, voc_colours(256), check)])) as page:
        page.page.wait_for_selector("#state:has-text('Tried here')", timeout=SLOW_MS)
        state = page.page.inner_text("#state")
        assert re.search(r"Tried here: wasm [\d.]+ ms, webgpu [\d.]+ ms", state)
