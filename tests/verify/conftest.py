import numpy as np
import pytest
from PIL import Image
from support.artifacts import PLAIN, tfjs_artifact
from support.graphs import tiny_segmenter
from support.sample import sample_graph
from typer.testing import CliRunner

from dlconv.cli import app
from dlconv.compare import Confusion
from dlconv.floors import Floors
from dlconv.registry.entries import voc_colours
from dlconv.verify.check_artifact import check_artifact
from dlconv.verify.photos import find_photos
from dlconv.verify.result import ArtifactResult, Check, PhotoResult

COLOURS = voc_colours(256)


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def reference(tmp_path):
    """The sample's frozen graph."""
    return sample_graph(tmp_path).path


@pytest.fixture
def three_photos(tmp_path):
    random = np.random.default_rng(2)
    folder = tmp_path / "three"
    folder.mkdir()
    for name in ("one", "two", "<three>"):
        pixels = random.integers(0, 256, (60, 80, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return find_photos([folder])


@pytest.fixture
def passed(tiny, tmp_path, three_photos):
    artifact = tfjs_artifact(tiny, tmp_path / "good")
    floors = Floors(agreement=0.999, worst=None, miou=None)
    return check_artifact(artifact, tiny.path, three_photos, tmp_path, floors, colours=COLOURS)


@pytest.fixture
def failed(tiny, frozen_on_disk, tmp_path, three_photos):
    """An artifact of another graph than the reference."""
    kernel = np.random.default_rng(99).normal(size=(1, 1, 3, 3))
    artifact = tfjs_artifact(frozen_on_disk(tiny_segmenter(kernel=kernel), "o"), tmp_path / "bad")
    floors = Floors(agreement=0.999, worst=0.95, miou=None)
    return check_artifact(artifact, tiny.path, three_photos, tmp_path, floors, colours=COLOURS)


@pytest.fixture
def checked(tiny, tmp_path):
    """A result by hand, of two photos."""
    artifact = tfjs_artifact(tiny, tmp_path / "artifact", PLAIN)
    rows = (
        PhotoResult("good.jpg", "aa" * 32, Confusion(((0, 0, 90), (0, 1, 1), (1, 1, 9))), 12.0),
        PhotoResult("bad.jpg", "bb" * 32, Confusion(((0, 0, 60), (0, 7, 31), (7, 7, 9))), 16.0),
    )
    floors = Floors(agreement=0.95, worst=0.7, miou=None)
    checks = (
        Check("runs"),
        Check("mean agreement", "mean agreement 0.8400 is below the floor 0.95", 0.84, 0.95),
        Check("worst photo", "worst photo bad.jpg: agreement 0.6900 is below the floor 0.7"),
    )
    versions = {"tfjs": "4.22.0"}
    return ArtifactResult(artifact, "tfjs-node", "wasm", versions, floors, rows, checks)
