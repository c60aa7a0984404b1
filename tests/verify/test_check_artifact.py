import json
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.artifacts import onnx_artifact, tfjs_artifact, write_manifest_again
from support.graphs import const, graph_def, node, tiny_kernel, tiny_segmenter

from dlconv.artifacts.manifest import read_artifact
from dlconv.floors import Floors
from dlconv.recipe import Interface
from dlconv.registry.entries import voc_colours
from dlconv.verify.check_artifact import MOST_PICTURED, check_artifact
from dlconv.verify.journal import open_journal
from dlconv.verify.photos import PhotoError, find_photos
from dlconv.verify.workers import processes

COLOURS = voc_colours(256)
FLOORS = Floors(agreement=0.999, worst=None, miou=None)


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(2)
    for name in ("one", "two", "three"):
        pixels = rng.integers(0, 256, (6, 8, 3), np.uint8)
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    return find_photos([tmp_path / "photos"])


def check(frozen, artifact, photos, tmp_path, floors=FLOORS, **options):
    return check_artifact(artifact, frozen.path, photos, tmp_path / "labels", floors, **options)


@pytest.fixture(params=["tfjs", "onnx"])
def artifact(request, tiny, tmp_path):
    if request.param == "onnx":
        return onnx_artifact(tiny, tmp_path / "artifact")
    return tfjs_artifact(tiny, tmp_path / "artifact")


def test_a_faithful_artifact_passes(tiny, artifact, photos, tmp_path):
    result = check(tiny, artifact, photos, tmp_path)
    assert result.passed
    assert result.mean_agreement == result.total.miou == 1
    assert [photo.photo for photo in result.photos] == ["one.png", "three.png", "two.png"]
    assert result.total.pixels == 3 * 6 * 8
    assert result.median_ms > 0


@pytest.mark.parametrize("make", [tfjs_artifact, onnx_artifact])
@pytest.mark.parametrize("gives_batch", [True, False])
def test_a_network_that_takes_one_image_is_checked(
    frozen_on_disk, photos, tmp_path, make, gives_batch
):
    nodes = {each.name: each for each in tiny_segmenter().node}
    nodes["ImageTensor"].attr["shape"].shape.dim.pop(0)
    nodes["ToFloat"].input[0] = "batch"
    nodes["first"] = const("first", 0, np.int32)
    nodes["batch"] = node("batch", "ExpandDims", "ImageTensor", "first", T=np.uint8, Tdim=np.int32)
    if not gives_batch:
        nodes["one"] = node(
            "labels", "Squeeze", "SemanticPredictions", T=np.int64, squeeze_dims=[0]
        )
    frozen = frozen_on_disk(graph_def(*nodes.values()))
    result = check(frozen, make(frozen, tmp_path / "artifact"), photos, tmp_path)
    assert result.passed
    assert result.total.pixels == 3 * 6 * 8


def test_an_artifact_of_another_network_falls_short(tiny, frozen_on_disk, photos, tmp_path):
    other_kernel = np.random.default_rng(99).normal(size=(1, 1, 3, 3))
    other = frozen_on_disk(tiny_segmenter(kernel=other_kernel), "other")
    artifact = tfjs_artifact(other, tmp_path / "artifact")
    result = check(tiny, artifact, photos, tmp_path, Floors(agreement=0.999, worst=0.95, miou=0.9))
    assert not result.passed
    worst = result.worst
    assert worst.scores.agreement <= result.mean_agreement < 0.9
    assert result.failures == (
        f"mean agreement {result.mean_agreement:.4f} is below the floor 0.999",
        f"worst photo {worst.photo}: agreement {worst.scores.agreement:.4f} "
        "is below the floor 0.95",
        f"mIoU {result.total.miou:.4f} is below the floor 0.9",
    )


def test_one_bad_photo_falls_short_where_the_mean_does_not(tiny, frozen_on_disk, tmp_path):
    """The artifact takes green for blue: right on two red photos, wrong on a green one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in (("fire", (255, 0, 0)), ("meadow", (0, 255, 0)), ("rose", (200, 0, 0))):
        Image.new("RGB", (8, 6), colour).save(folder / f"{name}.png")
    colour_blind = frozen_on_disk(tiny_segmenter(kernel=tiny_kernel()[..., [0, 2, 1]]), "other")
    artifact = tfjs_artifact(colour_blind, tmp_path / "artifact")
    floors = Floors(agreement=0.6, worst=0.5, miou=0.3)
    result = check(tiny, artifact, find_photos([folder]), tmp_path, floors)
    assert result.failures == ("worst photo meadow.png: agreement 0.0000 is below the floor 0.5",)


def test_nothing_is_checked_when_the_reference_sees_one_class(frozen_on_disk, photos, tmp_path):
    kernel = np.zeros((1, 1, 3, 3))
    kernel[..., 2] = 1
    frozen = frozen_on_disk(tiny_segmenter(kernel=kernel), "blind")
    artifact = tfjs_artifact(frozen, tmp_path / "artifact")
    result = check(frozen, artifact, photos, tmp_path)
    assert result.mean_agreement == 1
    assert not result.passed
    assert "class 2 everywhere" in result.failures[0]


def test_a_changed_artifact_is_not_run(tiny, artifact, photos, tmp_path):
    artifact.entry.write_bytes(artifact.entry.read_bytes() + b" ")
    result = check(tiny, artifact, photos, tmp_path)
    assert not result.passed
    assert "is not the file that was made" in result.failures[0]
    assert result.total is None


def test_an_artifact_whose_manifest_leaves_out_what_it_reads_is_not_run(
    tiny, artifact, photos, tmp_path
):
    left_out, *files = artifact.manifest.files
    manifest = replace(artifact.manifest, files=tuple(files))
    result = check(tiny, replace(artifact, manifest=manifest), photos, tmp_path)
    assert not result.passed
    assert f"reads {left_out.path}, which its manifest does not list" in result.failures[0]
    assert result.total is None


def test_an_artifact_that_cannot_run_is_a_result(tiny, photos, tmp_path):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact")
    content = json.loads(artifact.entry.read_text())
    content["modelTopology"]["node"][1]["op"] = "NoSuchOp"
    artifact.entry.write_text(json.dumps(content))
    write_manifest_again(artifact)
    result = check(tiny, read_artifact(artifact.directory), photos, tmp_path)
    assert not result.passed
    assert "NoSuchOp" in result.failures[0]


def test_a_photo_that_cannot_be_read_is_an_error_that_names_it(tiny, artifact, photos, tmp_path):
    photos[1].path.write_bytes(b"broken")
    with pytest.raises(PhotoError, match=r"three\.png"):
        check(tiny, artifact, photos, tmp_path)


def test_progress_counts_photos(tiny, artifact, photos, tmp_path):
    seen = []
    check(tiny, artifact, photos, tmp_path, progress=lambda *counts: seen.append(counts))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.fixture
def many(tmp_path):
    """More photos than pictures are kept of, worse and worse for a colour-blind network."""
    folder = tmp_path / "many"
    folder.mkdir()
    for count in range(MOST_PICTURED + 3):
        pixels = np.zeros((6, 40, 3), np.uint8)
        pixels[..., 0] = 255
        pixels[:, :count] = (0, 255, 0)
        Image.fromarray(pixels).save(folder / f"{count:02}.png")
    return find_photos([folder])


@pytest.fixture
def colour_blind(frozen_on_disk, tmp_path):
    """It takes green for blue."""
    frozen = frozen_on_disk(tiny_segmenter(kernel=tiny_kernel()[..., [0, 2, 1]]), "blind")
    return tfjs_artifact(frozen, tmp_path / "blind")


def pictured(result):
    return {photo.photo for photo in result.photos if photo.pictures is not None}


def test_pictures_are_kept_of_the_worst_photos(tiny, colour_blind, many, tmp_path):
    result = check(tiny, colour_blind, many, tmp_path, colours=COLOURS)
    assert pictured(result) == {photo.name for photo in many[3:]}


def test_workers_find_what_one_process_finds(tiny, colour_blind, many, tmp_path):
    alone = check(tiny, colour_blind, many, tmp_path, colours=COLOURS)
    with processes(2) as workers:
        together = check(tiny, colour_blind, many, tmp_path, colours=COLOURS, workers=workers)
    assert [photo.photo for photo in together.photos] == [photo.name for photo in many]
    assert together.confusion == alone.confusion
    assert together.failures == alone.failures != ()
    assert pictured(together) == pictured(alone)


def test_an_interrupted_run_goes_on_where_it_stopped(tiny, colour_blind, many, tmp_path):
    def interrupt(done, total):
        if done == 9:
            raise KeyboardInterrupt

    path = tmp_path / "journal"
    with open_journal(path, resume=False) as journal, pytest.raises(KeyboardInterrupt):
        check(tiny, colour_blind, many, tmp_path, journal=journal, progress=interrupt)
    counts = []
    with open_journal(path, resume=True) as journal:
        resumed = check(
            tiny,
            colour_blind,
            many,
            tmp_path,
            colours=COLOURS,
            journal=journal,
            progress=lambda done, total: counts.append(done),
        )
    assert counts == list(range(9, len(many) + 1))
    whole = check(tiny, colour_blind, many, tmp_path, colours=COLOURS)
    assert resumed.confusion == whole.confusion
    assert [photo.photo for photo in resumed.photos] == [photo.photo for photo in whole.photos]
    assert pictured(resumed) == pictured(whole)


@pytest.mark.parametrize("output", ["scores", "probabilities"])
def test_scores_are_compared_with_those_of_the_frozen_graph(tiny, photos, tmp_path, output):
    interface = Interface(output=output)
    artifact = tfjs_artifact(tiny, tmp_path / "artifact", interface=interface)
    result = check(tiny, artifact, photos, tmp_path)
    assert result.passed
    assert 0 < result.score_error < 1e-3


def test_the_scores_of_another_network_are_far_off(tiny, frozen_on_disk, photos, tmp_path):
    other = frozen_on_disk(tiny_segmenter(kernel=tiny_kernel() * 1.5), "other")
    artifact = tfjs_artifact(other, tmp_path / "artifact", interface=Interface(output="scores"))
    result = check(tiny, artifact, photos, tmp_path)
    assert result.mean_agreement == 1
    assert 100 < result.score_error < 255


def test_equal_scores_are_no_missing_ones(passed):
    same, worse = (replace(passed.photos[0], score_error=error) for error in (0.0, float("nan")))
    assert replace(passed, photos=(same,)).score_error == 0
    for photos in ((same, worse), (worse, same)):
        assert math.isnan(replace(passed, photos=photos).score_error)


def test_labels_have_no_scores_to_compare(passed):
    assert passed.score_error is None
