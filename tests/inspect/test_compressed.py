import json

import numpy as np
import pytest

from dlconv.inspect import compressed
from dlconv.inspect.compressed import compressed_sizes, file_sizes
from dlconv.storage.files import digest_of


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "zeros", tmp_path / "noise"]
    paths[0].write_bytes(bytes(1000))
    paths[1].write_bytes(np.random.default_rng(1).bytes(2000))
    return {digest_of(path): path for path in paths}


def test_each_file_is_compressed_by_itself(files, tmp_path):
    reported = []
    found = file_sizes(files, tmp_path / "cache", lambda *report: reported.append(report))
    assert found == {digest: compressed_sizes(path.read_bytes()) for digest, path in files.items()}
    assert reported == [(2000, 3000), (3000, 3000)]


def test_what_cannot_be_compressed_grows_and_what_can_shrinks():
    noise = compressed_sizes(np.random.default_rng(1).bytes(1000))
    zeros = compressed_sizes(bytes(1000))
    assert noise.raw == zeros.raw == 1000
    assert zeros.brotli < zeros.gzip < 1000 < noise.brotli < noise.gzip


def test_a_file_is_compressed_once(files, tmp_path, monkeypatch):
    first = file_sizes(files, tmp_path / "cache")
    monkeypatch.setattr(compressed, "compressed_sizes", None)
    assert file_sizes(files, tmp_path / "cache") == first


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"gzip": 1, "brotli": None})])
def test_what_is_kept_badly_is_found_anew(files, tmp_path, content):
    cache = tmp_path / "cache"
    right = file_sizes(files, cache)
    for file in cache.iterdir():
        file.write_text(content)
    assert file_sizes(files, cache) == right


def test_large_files_are_compressed_in_seconds(monkeypatch):
    import brotli

    content = np.random.default_rng(8).normal(size=50_000).astype(np.float32).tobytes()
    small = compressed_sizes(content).brotli
    monkeypatch.setattr(compressed, "LARGE_BYTES", len(content) - 1)
    assert compressed_sizes(content).brotli == len(brotli.compress(content, quality=9))
    assert small == len(brotli.compress(content, quality=11))


def test_sizes_that_somebody_changed_do_not_count(files, tmp_path):
    right = file_sizes(files, tmp_path / "cache")
    for file in (tmp_path / "cache").iterdir():
        file.write_text(json.dumps({"gzip": 1, "brotli": 1}))
    assert file_sizes(files, tmp_path / "cache") == right
