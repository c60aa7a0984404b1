import gzip

import brotli
import pytest
from support.artifacts import tfjs_artifact

from dlconv.bench.sizes import sizes_of
from dlconv.inspect.compressed import Sizes


@pytest.fixture
def artifact(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "artifact")


def test_the_files_of_an_artifact_are_summed(artifact, tmp_path):
    contents = [(artifact.directory / file.path).read_bytes() for file in artifact.manifest.files]
    assert len(contents) > 1
    found = sizes_of([artifact, artifact], tmp_path / "cache")
    expected = Sizes(
        raw=artifact.bytes,
        gzip=sum(len(gzip.compress(content, 9)) for content in contents),
        brotli=sum(len(brotli.compress(content, quality=11)) for content in contents),
    )
    assert found == [expected, expected]
