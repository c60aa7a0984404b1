import pytest

from dlconv import web
from dlconv.errors import DlconvError


def test_the_operations_are_those_of_the_bundled_tfjs():
    operations = web.tfjs_operations()
    assert operations.version == "4.22.0"
    assert operations.kernels["SpaceToBatchND"] == {"SpaceToBatchND"}
    assert operations.kernels["_FusedConv2D"] == {"FusedConv2D"}
    assert operations.kernels["BiasAdd"] == {"Add"}
    assert "QuantizedRelu6" not in operations.kernels


def test_an_attribute_that_a_node_lacks_is_what_the_op_lists_say():
    defaults = web.tfjs_operations().defaults
    assert defaults["FusedBatchNormV3"] == {"epsilon": 0.001}
    assert defaults["LeakyRelu"] == {"alpha": 0.2}
    assert defaults["StridedSlice"]["begin_mask"] == 0
    assert defaults["ResizeBilinear"]["half_pixel_centers"] is False
    assert defaults["DepthToSpace"] == {"block_size": 0, "data_format": None}
    assert defaults["Squeeze"] == {"axis": None, "squeeze_dims": None}


def test_an_op_that_is_composed_needs_the_kernels_of_all_its_parts():
    assert web.tfjs_operations().kernels["LogSoftmax"] >= {"Max", "Sub", "Exp", "Sum", "Log"}


def test_kernels_that_only_complex_numbers_need_do_not_count():
    kernels = web.tfjs_operations().kernels
    assert kernels["Abs"] == {"Abs"}
    assert kernels["Transpose"] == {"Transpose"}
    assert kernels["Zeros"] == set()
    assert "Complex" in kernels["RFFT"]


def test_the_backends_have_kernels_of_their_own():
    operations = web.tfjs_operations()
    assert set(operations.backends) == {"wasm", "webgl", "webgpu", "cpu"}
    with_einsum = {name for name, kernels in operations.backends.items() if "Einsum" in kernels}
    assert with_einsum == {"webgl", "webgpu", "cpu"}
    assert operations.backends["cpu"] >= frozenset().union(*operations.kernels.values())


def test_the_licences_of_what_is_bundled_lie_beside_it():
    text = web.bundled("THIRD_PARTY_LICENSES.txt").read_text()
    for package in (
        "@litertjs/core",
        "@tensorflow/tfjs-core",
        "@tensorflow/tfjs-backend-wasm",
        "seedrandom",
    ):
        assert f"\n{package} " in f"\n{text}"


def test_without_a_bundle_the_error_says_how_to_build_it(tmp_path, monkeypatch):
    monkeypatch.setattr(web, "DIST", tmp_path)
    with pytest.raises(DlconvError, match="make web"):
        web.bundled("tfjs-node.cjs")
