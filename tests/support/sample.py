"""The sample network that comes with the package, and its photos."""

from pathlib import Path

from support.running import frozen_from

import dlconv.sample
from dlconv.artifacts.frozen import FrozenGraph
from dlconv.verify.photos import find_photos, load_photo

FOLDER = Path(dlconv.sample.__file__).parent
TARBALL = FOLDER / "deeplabv3_mnv2_sample.tar.gz"
PHOTOS = FOLDER / "photos"


def sample_graph(directory: Path) -> FrozenGraph:
    """The sample's frozen graph, unpacked into a directory."""
    return frozen_from(TARBALL, directory)


def sample_photos() -> list:
    """Its six photos, uint8 [1, H, W, 3]."""
    return [load_photo(photo, None) for photo in find_photos([PHOTOS])]
