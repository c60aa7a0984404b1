"""The page on WebGL and WebGPU, in Chromium's software graphics."""

import re

import numpy as np
import pytest
from PIL import Image
from support.artifacts import tfjs_artifact
from support.camera import write_y4m
from support.chromium import needs_chromium, wait_until
from support.demo import demo_page, fake_camera, iou
from support.sample import PHOTOS
from support.waiting import MILLISECONDS

from dlconv.demo.self_check import self_check
from dlconv.demo.site import Offer, make_site
from dlconv.recipe import Interface
from dlconv.registry.models import voc_colours
from dlconv.runtimes.chromium import SOFTWARE_GRAPHICS, open_browser
from dlconv.verify.photos import find_photos
from dlconv.verify.reference import Reference

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]

PHOTO = PHOTOS / "scene_2000030.png"
KEPT = [1, 2, 3, 4]
TFJS, ONNX = 0, 2
# With these WebGPU in software has canvases.
GRAPHICS = (*SOFTWARE_GRAPHICS, "--use-vulkan=swiftshader", "--enable-features=Vulkan")
COUNT_CALLS = """() => {
  globalThis.calls = { read: 0, drawn: 0 };
  const count = (kind, owner, name) => {
    const real = owner.prototype[name];
    owner.prototype[name] = function (...given) {
      calls[kind] += 1;
      return real.apply(this, given);
    };
  };
  count("read", WebGL2RenderingContext, "readPixels");
  count("read", GPUBuffer, "mapAsync");
  count("drawn", OffscreenCanvas, "transferToImageBitmap");
}"""
REMEMBER_GPUS = """() => {
  globalThis.contexts = [];
  const getContext = OffscreenCanvas.prototype.getContext;
  OffscreenCanvas.prototype.getContext = function (kind, ...given) {
    const context = getContext.call(this, kind, ...given);
    if (kind === "webgl2") contexts.push(context);
    return context;
  };
  globalThis.devices = [];
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    return device;
  };
}"""
BACKENDS = ["webgl", pytest.param("webgpu", marks=pytest.mark.long)]
LOSE = {
    "webgl": "contexts.at(-1).getExtension('WEBGL_lose_context').loseContext()",
    "webgpu": "devices.at(-1).destroy()",
}
COUNT_TEXTURES = """() => {
  globalThis.textures = 0;
  for (const [name, step] of [["createTexture", 1], ["deleteTexture", -1]]) {
    const real = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...given) {
      textures += step;
      return real.apply(this, given);
    };
  }
}"""
COUNT_IN_FLIGHT = """() => {
  globalThis.inFlight = 0;
  globalThis.mostInFlight = 0;
  addEventListener("message", ({ data }) => {
    if (data.ask !== "draw") return;
    inFlight += 1;
    mostInFlight = Math.max(mostInFlight, inFlight);
  });
  const post = globalThis.postMessage;
  globalThis.postMessage = (content, ...given) => {
    if (content.answer?.mask) inFlight -= 1;
    post(content, ...given);
  };
}"""


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    """A camera that shows a part of one of the sample's photos."""
    path = tmp_path_factory.mktemp("camera") / "camera.y4m"
    frame = np.asarray(Image.open(PHOTO).convert("RGB"))[:96, :128]
    write_y4m(path, [frame, frame], rate=30)
    return path


@pytest.fixture(scope="module")
def browser(camera):
    with open_browser([*GRAPHICS, *fake_camera(camera)]) as browser:
        yield browser


@pytest.fixture(scope="module")
def small(graph, tmp_path_factory):
    """The sample model where it is quick in software."""
    folder = tmp_path_factory.mktemp("small") / "tfjs"
    artifact = tfjs_artifact(graph, folder, interface=Interface(input_size=(65, 65)))
    return make_site([Offer(artifact, voc_colours(256))])


def run_on(page, backend):
    page.page.set_default_timeout(MILLISECONDS)
    page.page.select_option("[name=backend]", backend)
    page.page.wait_for_selector(f"#state:has-text('runs on {backend}')")


def calls(page):
    counts = page.page.workers[0].evaluate("calls")
    return np.array([counts["read"], counts["drawn"]])


def wait_for_masks(page, count):
    """Wait until that many masks were drawn on a GPU."""
    _, before = calls(page)
    have_come = wait_until(
        page.page, lambda: calls(page)[1] >= before + count, MILLISECONDS + 4000 * count
    )
    assert have_come, "no more masks come"


def fewest_tensors(page):
    """How many are held when no labels are on their way back, which are a tensor more."""
    held = []
    for _ in range(20):
        wait_for_masks(page, 1)
        held.append(int(page.stats()["Tensors"]))
    return min(held)


@pytest.mark.long
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


@pytest.mark.long
def test_an_onnx_artifact_s_backends_are_tried(browser, artifacts):
    artifact = artifacts[ONNX]
    check = self_check(artifact, find_photos([PHOTO])[0])
    with demo_page(browser, make_site([Offer(artifact, voc_colours(256), check)])) as page:
        page.page.wait_for_selector("#state:has-text('Tried here')", timeout=MILLISECONDS)
        state = page.page.inner_text("#state")
        assert re.search(r"Tried here: wasm [\d.]+ ms, webgpu [\d.]+ ms", state)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gpu_draws_the_mask_that_the_processor_draws(browser, small, backend):
    with demo_page(browser, small) as page:
        page.page.workers[0].evaluate(COUNT_CALLS)
        page.page.click("#camera")
        page.wait_for_labels()

        def drawn(effect, settle):
            page.choose(effect=effect)
            settle()
            return page.pixels().astype(int)

        def settle_on_processor():
            page.page.wait_for_timeout(1000)

        alpha = drawn("transparent", settle_on_processor)[..., 3]
        plain_map = drawn("classes", settle_on_processor)
        run_on(page, backend)
        # Masks that are mixed with those before need a few to settle.
        found = drawn("transparent", lambda: wait_for_masks(page, 10))[..., 3]
        assert 0.1 < (alpha > 127).mean() < 0.9
        assert ((alpha > 8) & (alpha < 247)).any()
        assert abs(found - alpha).max() <= 3
        assert abs(drawn("classes", lambda: wait_for_masks(page, 6)) - plain_map).max() <= 3
        assert not page.troubles


@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_are_not_read_back_from_a_gpu(browser, small, backend):
    with demo_page(browser, small) as page:
        page.page.workers[0].evaluate(COUNT_CALLS)
        run_on(page, backend)
        page.page.click("#camera")
        page.wait_for_labels()
        before = calls(page)
        wait_for_masks(page, 20)
        read, drawn = calls(page) - before
        # The labels for the legend.
        assert read <= drawn / 10 + 1
        assert page.stats()["Read-back"] == "0.0 ms"
        assert "background" in page.page.get_attribute("#picture", "aria-label")
        assert not page.troubles


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gpu_that_is_lost_while_frames_run_is_replaced_and_can_be_had_again(
    browser, small, backend
):
    with demo_page(browser, small) as page:
        worker = page.page.workers[0]
        worker.evaluate(REMEMBER_GPUS)
        page.page.click("#camera")
        page.wait_for_labels()
        for _ in range(2):
            run_on(page, backend)
            page.wait_for_next_labels()
            assert not page.page.is_visible("#message")
            worker.evaluate(LOSE[backend])
            said = f"{backend} failed, so it runs on wasm now: the GPU was lost: "
            page.page.wait_for_selector(f"#message:has-text('{said}')")
            page.wait_for_next_labels()
            assert "runs on wasm" in page.page.inner_text("#state")
        assert not page.troubles


@pytest.mark.long(seconds=60)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("frames", [100, pytest.param(1000, marks=pytest.mark.weekly)])
def test_frames_leave_nothing_behind_on_webgl(browser, small, frames):
    with demo_page(browser, small) as page:
        worker = page.page.workers[0]
        worker.evaluate(COUNT_CALLS)
        worker.evaluate(COUNT_TEXTURES)
        worker.evaluate(COUNT_IN_FLIGHT)
        run_on(page, "webgl")
        page.page.click("#camera")

        def held_after(count):
            wait_for_masks(page, count)
            return fewest_tensors(page), worker.evaluate("textures")

        tensors, textures = held_after(50)
        tensors_later, textures_later = held_after(frames)
        assert tensors_later == tensors
        assert textures_later == textures
        # The next frame is submitted before the last one is done.
        assert worker.evaluate("mostInFlight") == 2
        assert not page.troubles


@pytest.mark.long
def test_a_worker_that_is_stuck_is_replaced(browser, site):
    with demo_page(browser, site) as page:
        page.run(ONNX)
        run_on(page, "webgpu")
        page.page.click("#camera")
        page.wait_for_labels()
        # As ONNX Runtime is when its device is lost while it runs.
        page.page.workers[0].evaluate("void setTimeout(() => { for (;;); }, 0)")
        page.page.set_default_timeout(2 * MILLISECONDS)
        said = "webgpu failed, so it runs on wasm now: the worker failed: it does not answer"
        page.page.wait_for_selector(f"#message:has-text('{said}')")
        page.wait_for_next_labels()
        assert not page.troubles
