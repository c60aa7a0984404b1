import numpy as np
import pytest
from PIL import Image
from support.graphs import tiny_kernel, tiny_segmenter

from dlconv.errors import DlconvError
from dlconv.verify.reference import Reference

PHOTO = np.random.default_rng(5).integers(0, 256, (1, 7, 9, 3), np.uint8)


@pytest.fixture
def reference(tiny, tmp_path):
    return lambda: Reference(tiny.path, tiny.source.graph_sha256, tmp_path / "labels")


def test_labels_are_those_tensorflow_gives(reference):
    expected = np.argmax(PHOTO.astype(np.float32) @ tiny_kernel()[0, 0], axis=3)
    with reference() as labels_of:
        assert labels_of.labels(PHOTO).tolist() == expected.tolist()


def test_a_graph_of_a_fixed_size_gets_the_photo_in_its_corner(reference, tmp_path):
    graph = tiny_segmenter()
    for dim, extent in zip(graph.node[0].attr["shape"].shape.dim, (1, 12, 12, 3), strict=True):
        dim.size = extent
    path = tmp_path / "fixed.pb"
    path.write_bytes(graph.SerializeToString())
    with Reference(path, "fixed", tmp_path / "labels") as fixed, reference() as free:
        assert fixed.crop == (12, 12)
        assert fixed.labels(PHOTO).tolist() == free.labels(PHOTO).tolist()
        assert fixed.margins(PHOTO).shape == (1, 7, 9)


def test_a_photo_seen_before_needs_no_graph(reference, tiny):
    with reference() as first:
        labels = first.labels(PHOTO)
    tiny.path.unlink()
    with reference() as second:
        assert second.labels(PHOTO).tolist() == labels.tolist()
        with pytest.raises(DlconvError, match="cannot read"):
            second.labels(PHOTO[:, :, ::-1])


def test_the_cache_holds_pictures_a_person_can_open(reference, tmp_path):
    with reference() as labels_of:
        labels = labels_of.labels(PHOTO)
    (path,) = tmp_path.glob("labels/*/*.png")
    with Image.open(path) as picture:
        assert np.asarray(picture).tolist() == labels[0].tolist()


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_damaged_picture_is_computed_again(reference, tmp_path, content):
    with reference() as labels_of:
        labels = labels_of.labels(PHOTO)
        (path,) = tmp_path.glob("labels/*/*.png")
        path.write_bytes(content)
        assert labels_of.labels(PHOTO).tolist() == labels.tolist()


def test_labels_and_margins_that_are_not_what_was_kept_are_computed_again(reference, tmp_path):
    with reference() as labels_of:
        labels, margins = labels_of.labels(PHOTO), labels_of.margins(PHOTO)
        (path,) = tmp_path.glob("labels/*/*.png")
        Image.fromarray(np.zeros(labels.shape[1:], np.uint8)).save(path)
        (other,) = tmp_path.glob("labels/*/*.npy")
        np.save(other, np.zeros_like(margins))
        assert labels_of.labels(PHOTO).tolist() == labels.tolist()
        assert labels_of.margins(PHOTO).tolist() == margins.tolist()
