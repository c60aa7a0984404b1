import pytest

from dlconv import web
from dlconv.errors import DlconvError


def test_the_operations_are_those_of_the_bundled_tfjs():
    operations = web.tfjs_operations()
    assert operations.version == "4.22.0"
    assert {"Conv2D", "SpaceToBatchND", "_FusedConv2D"} <= operations.names
    assert "QuantizedRelu6" not in operations.names


def test_the_licences_of_what_is_bundled_lie_beside_it():
    text = web.bundled("THIRD_PARTY_LICENSES.txt").read_text()
    for package in ("@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm", "seedrandom"):
        assert f"\n{package} " in f"\n{text}"


def test_without_a_bundle_the_error_says_how_to_build_it(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "DIST", tmp_path)
    with pytest.raises(DlconvError, match="make web"):
        web.bundled("tfjs-node.cjs")
