"""A release of the sample model, made once."""

import dataclasses
import shutil

import pytest
from support.artifacts import onnx_artifact, tfjs_artifact
from support.keys import write_keys
from support.sample import PHOTOS, sample_graph

from dlconv.cache import store
from dlconv.registry.models import load_registry
from dlconv.release.evidence import keep_evidence
from dlconv.release.pack import pack
from dlconv.release.signing import PrivateKey, sign_release
from dlconv.verify.photos import find_photos
from dlconv.verify.verify import verify_artifacts

VERSION = "1.2.0"


@pytest.fixture(scope="session")
def verified(tmp_path_factory):
    """Artifacts of the sample model, with the evidence of two photos beside them."""
    folder = tmp_path_factory.mktemp("verified")
    unpacked = sample_graph(tmp_path_factory.mktemp("graph"))
    known = load_registry().models["sample"]
    source = dataclasses.replace(unpacked.source, model="sample", url=known.url)
    frozen = dataclasses.replace(unpacked, source=source, classes=known.dataset.classes)
    artifacts = [
        onnx_artifact(frozen, folder / "onnx-float32"),
        tfjs_artifact(frozen, folder / "tfjs-float32"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLCONV_CACHE", str(tmp_path_factory.mktemp("cache")))
        store.add_graph(frozen.path)
        keep_evidence(verify_artifacts(artifacts, find_photos([PHOTOS])[:2]))
    return artifacts


@pytest.fixture(scope="session")
def packed(verified, tmp_path_factory):
    """Their release, not to be changed."""
    folder = tmp_path_factory.mktemp("packed") / "release"
    known = load_registry().models["sample"]
    pack(verified, VERSION, folder, known)
    return folder


@pytest.fixture
def release(packed, tmp_path):
    """A release of one's own."""
    return shutil.copytree(packed, tmp_path / "release")


@pytest.fixture
def keys(tmp_path):
    """A key pair."""
    return write_keys(tmp_path / "keys")


@pytest.fixture
def signed(release, keys):
    """A release of one's own, signed with them."""
    sign_release(release, PrivateKey(keys.private))
    return release
