import subprocess
import sys

import pytest

from dlconv.convert.onnx import NEWEST_OPSET, OLDEST_OPSET
from dlconv.convert.onnx_operations import convertible_operations, operators_without_kernel
from dlconv.tensorflow import load_tensorflow


@pytest.mark.parametrize("opset", range(OLDEST_OPSET, NEWEST_OPSET + 1))
def test_the_table_is_tf2onnxs_own(opset):
    load_tensorflow()
    import tf2onnx.onnx_opset  # noqa: F401
    from tf2onnx.handler import tf_op

    assert convertible_operations(opset) == tf_op.create_mapping(opset, None).keys()


def test_an_op_is_there_from_the_opset_on_that_its_handler_needs():
    assert "Einsum" not in convertible_operations(11)
    assert "Einsum" in convertible_operations(12)


def test_reading_the_tables_imports_no_tensorflow():
    program = (
        "import sys; from dlconv.convert.onnx_operations import *; "
        "convertible_operations(17); operators_without_kernel(17); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "onnxruntime" in modules
    assert not {"tensorflow", "tf2onnx"} & set(modules)


def test_onnx_runtime_has_kernels_for_every_opset_that_is_converted_to():
    for opset in range(OLDEST_OPSET, NEWEST_OPSET + 1):
        assert operators_without_kernel(opset) == set()


def test_an_operator_that_onnx_runtime_cannot_run_is_named():
    assert operators_without_kernel(20) == {"ImageDecoder"}
