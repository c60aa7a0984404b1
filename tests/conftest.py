import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from support.graphs import tiny_segmenter

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Source
from dlconv.storage.files import digest_of

# In CI a red run is red for everyone: the same examples each time. Elsewhere, search on.
# A busy machine's pauses are nobody's fault.
settings.register_profile("ours", derandomize=bool(os.environ.get("CI")), deadline=None)
settings.load_profile("ours")


for name in [name for name in os.environ if name.startswith("DLCONV_")]:
    del os.environ[name]


def pytest_collection_modifyitems(items):
    """Start with the files that take longest, so that no process is left alone with one of them."""
    seconds: Counter[Path] = Counter()
    for item in items:
        if mark := item.get_closest_marker("long"):
            seconds[item.path] += mark.kwargs.get("seconds", 10)
    items.sort(key=lambda item: -seconds[item.path])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Each test has a cache and a lock file of its own, and the default registry."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DLCONV_CACHE", str(folder / "cache"))
    monkeypatch.setenv("DLCONV_LOCK", str(folder / "dlconv.lock"))


@pytest.fixture
def frozen_on_disk(tmp_path):
    """Write a GraphDef to disk and say what it is, as the pipeline does for a path."""

    def write(graph, name="graph") -> FrozenGraph:
        path = tmp_path / f"{name}.pb"
        path.write_bytes(graph.SerializeToString(deterministic=True))
        source = Source(name, path.stat().st_size, digest_of(path))
        return FrozenGraph(path, source, ("background", "red", "green"))

    return write


@pytest.fixture
def tiny(frozen_on_disk) -> FrozenGraph:
    return frozen_on_disk(tiny_segmenter(), "tiny")
