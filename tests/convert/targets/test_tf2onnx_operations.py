import json
import subprocess
import sys

import pytest

from dlconv.convert.targets.tf2onnx import OPSETS
from dlconv.convert.targets.tf2onnx_operations import convertible_operations

EVERY_OPSET = range(OPSETS[0], OPSETS[1] + 1)


@pytest.mark.slow
def test_the_table_is_tf2onnxs_own():
    """In a process of its own: a conversion registers more, for TFLite and domains of others."""
    program = (
        "import json, sys, tf2onnx.onnx_opset; from tf2onnx.handler import tf_op; "
        "opsets = map(int, sys.argv[1:]); "
        "print(json.dumps([sorted(tf_op.create_mapping(opset, None)) for opset in opsets]))"
    )
    command = [sys.executable, "-c", program, *map(str, EVERY_OPSET)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [sorted(convertible_operations(opset)) for opset in EVERY_OPSET] == json.loads(
        answer.stdout
    )


def test_an_op_is_there_from_the_opset_on_that_its_handler_needs():
    assert "Einsum" not in convertible_operations(11)
    assert "Einsum" in convertible_operations(12)


def test_reading_the_table_imports_no_tensorflow():
    program = (
        "import sys; from dlconv.convert.targets.tf2onnx_operations import convertible_operations; "
        "convertible_operations(17); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "tf2onnx"} & set(modules)
