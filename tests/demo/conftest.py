import dataclasses

import numpy as np
import pytest
from PIL import Image
from support.artifacts import PLAIN, litert_artifact, onnx_artifact, tfjs_artifact
from support.camera import write_y4m
from support.demo import fake_camera
from support.sample import PHOTOS, sample_graph

from dlconv.demo.site import Offer, make_site
from dlconv.registry.models import voc_colours
from dlconv.runtimes.chromium import open_browser

CLASSES = ("background", "disc", "rectangle", "triangle", "ring")


@pytest.fixture(scope="session")
def graph(tmp_path_factory):
    frozen = sample_graph(tmp_path_factory.mktemp("graph"))
    return dataclasses.replace(frozen, classes=CLASSES)


@pytest.fixture(scope="session")
def artifacts(graph, tmp_path_factory):
    """The sample model for both runtimes, small, and of a fixed size."""
    folder = tmp_path_factory.mktemp("artifacts")
    return [
        tfjs_artifact(graph, folder / "tfjs-float32"),
        tfjs_artifact(graph, folder / "tfjs-plain1", PLAIN),
        onnx_artifact(graph, folder / "onnx-float32"),
    ]


@pytest.fixture(scope="session")
def litert(graph, tmp_path_factory):
    """The sample model for LiteRT."""
    return litert_artifact(graph, tmp_path_factory.mktemp("litert") / "model")


@pytest.fixture(scope="session")
def site(artifacts):
    return make_site([Offer(artifact, voc_colours(256)) for artifact in artifacts])


@pytest.fixture(scope="session")
def camera(tmp_path_factory):
    """A camera that shows one of the sample's photos, 480 x 480."""
    path = tmp_path_factory.mktemp("camera") / "camera.y4m"
    photo = Image.open(PHOTOS / "scene_2000036.png").convert("RGB")
    frame = np.asarray(photo.resize((480, 480), Image.Resampling.BICUBIC))
    write_y4m(path, [frame, frame])
    return path


@pytest.fixture(scope="session")
def browser(camera):
    with open_browser(fake_camera(camera)) as browser:
        yield browser
