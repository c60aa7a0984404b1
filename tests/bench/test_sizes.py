import gzip
import json

import brotli
import numpy as np
import pytest
from support.artifacts import tfjs_artifact

from dlconv.bench import sizes
from dlconv.bench.sizes import Sizes, compressed_sizes, sizes_of


@pytest.fixture
def artifact(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "artifact")


def test_files_are_compressed_by_themselves_and_summed(artifact, tmp_path):
    contents = [(artifact.directory / file.path).read_bytes() for file in artifact.manifest.files]
    assert len(contents) > 1
    (found,) = sizes_of([artifact], tmp_path / "cache")
    assert found == Sizes(
        raw=artifact.bytes,
        gzip=sum(len(gzip.compress(content, 9)) for content in contents),
        brotli=sum(len(brotli.compress(content, quality=11)) for content in contents),
    )


def test_what_cannot_be_compressed_grows_and_what_can_shrinks():
    noise = compressed_sizes(np.random.default_rng(1).bytes(1000))
    zeros = compressed_sizes(bytes(1000))
    assert noise.raw == zeros.raw == 1000
    assert zeros.brotli < zeros.gzip < 1000 < noise.brotli < noise.gzip


def test_a_file_is_compressed_once(artifact, tmp_path, monkeypatch):
    first = sizes_of([artifact, artifact], tmp_path / "cache")
    monkeypatch.setattr(sizes, "compressed_sizes", None)
    assert sizes_of([artifact, artifact], tmp_path / "cache") == first


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"gzip": 1, "brotli": None})])
def test_what_is_kept_badly_is_found_anew(artifact, tmp_path, content):
    cache = tmp_path / "cache"
    right = sizes_of([artifact], cache)
    for file in cache.iterdir():
        file.write_text(content)
    assert sizes_of([artifact], cache) == right
