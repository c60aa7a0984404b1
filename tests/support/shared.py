"""The folder beside the project with real networks and photos, where there is one."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"
ZOO = SHARED / "zoo"
PHOTOS = SHARED / "images" / "voc"

needs_shared = pytest.mark.skipif(
    not ZOO.is_dir(), reason="no real networks beside the checkout (../shared)"
)
