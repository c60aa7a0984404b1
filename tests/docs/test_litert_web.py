"""The page on LiteRT files in web pages: its snippets run in Chromium."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.artifacts import litert_artifact
from support.chromium import needs_chromium
from support.hosting import static_server
from support.sample import PHOTOS, sample_graph
from support.waiting import MILLISECONDS

from dlconv.recipe import Interface
from dlconv.runtimes.chromium import open_browser
from dlconv.verify.reference import Reference
from dlconv.web.build import WEB

PAGE = Path(__file__).parents[2] / "docs" / "litert-web.md"
SHADE = 12
IS_GREY = """() => {
  const { width, height } = mask;
  const { data } = mask.getContext("2d").getImageData(0, 0, width, height);
  return data.every((value, i) => value === (i % 4 < 3 ? data[i - i % 4] : 255));
}"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return sample_graph(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def host(graph, tmp_path_factory):
    """A folder with what the page tells to make, and a photo of the crop's size."""
    folder = tmp_path_factory.mktemp("host")
    litert_artifact(graph, folder / "model.tflite")
    litert_artifact(graph, folder / "scores.tflite", interface=Interface(output="scores"))
    photo = Image.open(min(PHOTOS.glob("*.png"))).convert("RGB")
    photo.resize((129, 129)).save(folder / "photo.png")
    (folder / "node_modules").symlink_to(WEB / "node_modules")
    return folder


@needs_chromium
@pytest.mark.parametrize("title", ["LiteRT.js", "MediaPipe"])
def test_what_the_page_shows_draws_the_frozen_graph_s_labels(graph, host, tmp_path, title):
    snippet = re.search(rf"## {title}\n.*?```html\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    (host / "index.html").write_text(f"<!doctype html>{snippet}")
    with static_server(host) as address, open_browser() as browser:
        opened = browser.new_page()
        opened.goto(address)
        opened.wait_for_function(IS_GREY, timeout=MILLISECONDS)
        url = opened.eval_on_selector("#mask", "canvas => canvas.toDataURL()")
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))
    photo = np.asarray(Image.open(host / "photo.png"))
    with Reference(graph.path, graph.source.graph_sha256, tmp_path) as reference:
        labels = reference.labels(photo[None])[0]
    assert len(np.unique(labels)) > 1
    np.testing.assert_array_equal(drawn[..., 0], SHADE * labels)
