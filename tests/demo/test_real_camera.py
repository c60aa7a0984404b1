"""A real network through a camera: the person that the page cuts out is the frozen graph's.

People are as near as before a camera. At 257 the network is another function, and so less alike.
"""

import dataclasses

import matplotlib
import numpy as np
import pytest
from PIL import Image
from support.artifacts import tfjs_artifact
from support.camera import write_y4m
from support.chromium import needs_chromium
from support.demo import demo_page, fake_camera, iou
from support.real import TARBALLS
from support.running import frozen_from
from support.shared import SHARED, ZOO, needs_shared

from dlconv.demo.site import Offer, make_site
from dlconv.recipe import Interface
from dlconv.registry.models import DEFAULT_MODEL, load_registry
from dlconv.runtimes.chromium import open_browser
from dlconv.runtimes.framing import enlarged
from dlconv.verify.photos import find_photos, load_photo
from dlconv.verify.reference import Reference

pytestmark = [needs_chromium, needs_shared, pytest.mark.slow, pytest.mark.timeout(300)]

LABELLED = SHARED / "images" / "labelled"
SAMPLES = matplotlib.get_data_path() + "/sample_data"
SCENES = {
    "officer": (f"{SAMPLES}/grace_hopper.jpg", (0, 216, 512, 600)),
    "guest": (LABELLED / "2011_000003.jpg", (260, 60, 500, 240)),
    "friends": (LABELLED / "2011_000006.jpg", (80, 90, 400, 330)),
}
FIRST, *OTHERS = SCENES
LEAST = {"tfjs float32": 0.99, "tfjs float32 257x257": 0.85}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    frozen = frozen_from(ZOO / "models" / TARBALLS["real_mnv2"], tmp_path_factory.mktemp("real"))
    return dataclasses.replace(frozen, classes=load_registry().find(DEFAULT_MODEL).dataset.classes)


@pytest.fixture(scope="module")
def site(graph, tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifacts")
    full = tfjs_artifact(graph, folder / "513")
    small = tfjs_artifact(graph, folder / "257", interface=Interface(input_size=(257, 257)))
    return make_site([Offer(full, ()), Offer(small, ())])


@pytest.fixture(scope="module")
def reference(graph, tmp_path_factory):
    cache = tmp_path_factory.mktemp("labels")
    with Reference(graph.path, graph.source.graph_sha256, cache) as reference:
        yield reference


def person_of(reference, graph, frame, tmp_path):
    """Where the frozen graph sees a person in a frame, as dlconv verify shows it the frame."""
    path = tmp_path / "frame.png"
    Image.fromarray(frame).save(path)
    labels = reference.labels(load_photo(find_photos([path])[0], reference.crop))
    return enlarged(labels, frame.shape[:2])[0] == graph.classes.index("person")


@pytest.mark.parametrize(
    "scene", [FIRST, *(pytest.param(scene, marks=pytest.mark.long) for scene in OTHERS)]
)
def test_a_person_before_the_camera_is_the_frozen_graph_s(site, graph, reference, scene, tmp_path):
    file, box = SCENES[scene]
    photo = Image.open(file).convert("RGB").crop(box).resize((640, 480), Image.Resampling.LANCZOS)
    write_y4m(tmp_path / "camera.y4m", [np.asarray(photo)])
    with (
        open_browser(fake_camera(tmp_path / "camera.y4m")) as browser,
        demo_page(browser, site) as page,
    ):
        page.plain().choose(effect="none")
        page.page.click("#camera")
        page.wait_for_labels()
        person = person_of(reference, graph, page.pixels()[..., :3], tmp_path)
        page.choose(effect="magenta")
        page.page.check("[name=inStep]")
        for model, (title, least) in enumerate(LEAST.items()):
            page.page.check(f"[name=model][value='{model}']")
            page.page.wait_for_selector(f"#state:has-text('{title} runs')")
            page.wait_for_next_labels()
            assert iou(page.kept(), person) >= least, title
        assert not page.troubles
