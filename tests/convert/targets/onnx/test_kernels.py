import ast
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from onnx import defs
from onnxruntime.capi import _pybind_state

from dlconv.convert.targets import onnx as targets_onnx
from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.kernels import (
    KERNEL_TYPES,
    operators_without_kernel,
    type_to_compute_in,
)
from dlconv.convert.targets.onnx.opset import OPSETS
from dlconv.errors import DlconvError
from dlconv.formats.onnx_file import OWN_DOMAINS

OLDEST_OPSET, NEWEST_OPSET = OPSETS
EVERY_OPSET = range(OLDEST_OPSET, NEWEST_OPSET + 1)
# By ONNX's names; float16 is not among them, because ONNX Runtime casts it itself.
TYPES = {
    "float": "float32",
    "double": "float64",
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "bool": "bool",
}
# Of these names only TensorFlow's ops are written, and not as ONNX's operators.
TENSORFLOWS_ALONE = {"Mean", "OneHot", "Sum"}


def named_operators() -> set[str]:
    """ONNX's operators whose names occur in the source of the writers."""
    folder = Path(targets_onnx.__path__[0])
    sources = [*folder.glob("operations/*.py"), folder / "builder.py", folder / "snippets.py"]
    parts = (part for path in sources for part in ast.walk(ast.parse(path.read_text("utf-8"))))
    words = {part.value for part in parts if isinstance(part, ast.Constant)}
    known = {schema.name for schema in defs.get_all_schemas() if schema.domain in OWN_DOMAINS}
    return words & known - TENSORFLOWS_ALONE


def types_with_kernels(operator: str) -> dict[str, set[str]]:
    """By ONNX's name of the type: the element types that have a kernel at every opset."""
    found: dict[str, set[str]] = {}
    for opset in EVERY_OPSET:
        if defs.has(operator, opset, ""):
            for variable, types in _types_at(operator, opset).items():
                found[variable] = found.get(variable, types) & types
    return found


def _types_at(operator: str, opset: int) -> dict[str, set[str]]:
    schema = defs.get_schema(operator, opset, "")
    read = {each.type_str for each in schema.inputs}
    return {
        each.type_param_str: {
            name
            for of_onnx, name in TYPES.items()
            if f"tensor({of_onnx})" in each.allowed_type_strs
            and any(
                f"tensor({of_onnx})" in kernel.get(each.type_param_str, each.allowed_type_strs)
                for oldest, newest, kernel in kernels()[operator]
                if oldest <= schema.since_version <= newest
            )
        }
        for each in schema.type_constraints
        if each.type_param_str in read
    }


@cache
def kernels() -> dict[str, list[tuple[int, int, dict[str, list[str]]]]]:
    """By operator: the oldest and newest version that a kernel is for, and its element types."""
    found = defaultdict(list)
    for kernel in _pybind_state.get_all_opkernel_def():
        if kernel.domain in OWN_DOMAINS and kernel.provider == "CPUExecutionProvider":
            found[kernel.op_name].append((*kernel.version_range, kernel.type_constraints))
    return found


@pytest.mark.parametrize("operator", sorted(named_operators() | {*KERNEL_TYPES}))
def test_the_table_lists_the_types_that_have_kernels_where_some_have_none(operator):
    lacking = {
        variable: types
        for variable, types in types_with_kernels(operator).items()
        if types != {*TYPES.values()}
    }
    assert KERNEL_TYPES.get(operator, {}) == lacking


def test_every_type_that_an_operator_lacks_is_cast_there_and_back():
    builder = Builder(OLDEST_OPSET)
    numbers, axis = builder.input("int8", (3,)), builder.input("int16", ())
    sums = builder.node("CumSum", numbers, axis)
    assert [node.op_type for node in builder.nodes] == ["Cast", "Cast", "CumSum", "Cast"]
    assert sums.dtype == "int8"


def test_a_type_that_nothing_can_stand_for_is_refused():
    builder = Builder(OLDEST_OPSET)
    with pytest.raises(DlconvError, match="ONNX Runtime has no Unique of uint64"):
        builder.split("Unique", builder.input("uint64", (3,)), count=4)


@pytest.mark.parametrize(
    ("kind", "dtype", "wider"),
    [
        ("CumSum", "int8", "int32"),
        ("TopK", "int8", "int8"),
        ("Unique", "uint8", "int64"),
        ("Conv", "float64", "float32"),
        ("Conv", "float16", "float16"),
        ("And", "float16", None),
        ("CumSum", "uint64", None),
        ("Conv", "int64", None),
        ("Concat", "uint64", "uint64"),
    ],
)
def test_a_type_is_computed_in_the_narrowest_that_holds_its_values(kind, dtype, wider):
    assert type_to_compute_in(kind, dtype) == wider


def test_other_inputs_have_types_of_their_own():
    assert type_to_compute_in("CumSum", "int16", "T2") == "int32"


def test_onnx_runtime_has_kernels_for_every_opset_that_is_written():
    assert [operators_without_kernel(opset) - {"ImageDecoder"} for opset in EVERY_OPSET] == [
        set() for _ in EVERY_OPSET
    ]


def test_an_operator_that_onnx_runtime_cannot_run_is_named():
    assert operators_without_kernel(19) == set()
    assert operators_without_kernel(20) == {"ImageDecoder"}


def test_looking_for_kernels_imports_no_tensorflow():
    program = (
        "import sys; from dlconv.convert.targets.onnx.kernels import operators_without_kernel; "
        "operators_without_kernel(17); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "onnxruntime" in modules
    assert "tensorflow" not in modules
