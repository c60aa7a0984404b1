"""Where pictures come from: cameras and files that come late, turn, or give no pictures."""

import wave

import numpy as np
import pytest
from support.chromium import needs_chromium, wait_until
from support.demo import demo_page
from support.sample import PHOTOS

pytestmark = [needs_chromium, pytest.mark.slow]

PHOTO = PHOTOS / "scene_2000030.png"
CAMERA_ON_WORD = """(() => {
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wanted) => {
    await new Promise((allow) => { globalThis.allow = allow; });
    globalThis.stream = await ask(wanted);
    return stream;
  };
})()"""
CAMERA_THAT_TURNS = """(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const context = canvas.getContext("2d");
  setInterval(() => {
    context.fillStyle = `rgb(${Date.now() % 255} 90 90)`;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }, 50);
  globalThis.turn = () => Object.assign(canvas, { width: 240, height: 320 });
  navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
})()"""
CAMERA_WAS_ON_AND_IS_OFF = (
    "globalThis.stream?.getTracks().every(({ readyState }) => readyState === 'ended') ?? false"
)


@pytest.fixture
def page(browser, site):
    with demo_page(browser, site) as page:
        yield page


def test_a_camera_that_is_allowed_after_a_photo_was_opened_stays_off(page):
    page.page.evaluate(CAMERA_ON_WORD)
    page.page.click("#camera")
    page.show(PHOTO)
    page.page.evaluate("allow()")
    assert wait_until(page.page, lambda: page.page.evaluate(CAMERA_WAS_ON_AND_IS_OFF))
    assert page.page.get_attribute("#picture", "aria-label").startswith("The photo")
    assert not page.page.is_visible("#stop")


def test_a_camera_whose_pictures_do_not_start_is_switched_off(page):
    page.page.evaluate(CAMERA_ON_WORD)
    page.page.evaluate(
        "void (HTMLMediaElement.prototype.play = () => Promise.reject(new Error('not now')))"
    )
    page.page.click("#camera")
    page.page.evaluate("allow()")
    page.page.wait_for_selector("#message:has-text('The camera gives no pictures')")
    assert page.page.evaluate(CAMERA_WAS_ON_AND_IS_OFF)


def test_a_video_that_is_only_sound_does_not_go_on(page, tmp_path):
    file = tmp_path / "sound.mp4"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(np.zeros(80_000, np.int16).tobytes())
    page.page.evaluate(
        "(() => { const make = document.createElement.bind(document);"
        " document.createElement = (name) => globalThis[name] = make(name); })()"
    )
    page.page.set_input_files("#chosen-file", file)
    page.page.wait_for_selector("#message:has-text('not a video')")
    assert page.page.evaluate("[video.paused, video.hasAttribute('src')]") == [True, False]


def test_a_camera_that_is_turned_is_shown_as_it_is_then(page):
    page.page.evaluate(CAMERA_THAT_TURNS)
    page.page.click("#camera")
    page.wait_for_labels()
    assert page.pixels().shape[:2] == (240, 320)
    page.page.evaluate("void turn()")
    page.page.wait_for_selector("#drop[style*='240 / 320']")
    page.wait_for_next_labels()
    assert wait_until(page.page, lambda: page.pixels().shape[:2] == (320, 240))
    box = page.page.locator("#picture").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(240 / 320, abs=0.01)
