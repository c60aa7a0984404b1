"""What ONNX Runtime's kernels on the CPU lack: element types that ONNX allows and they do not.

A node of such a type is written in a wider type, with casts around it: integers wrap when they are
cast back, as TensorFlow's do. float16 needs nothing: ONNX Runtime inserts such casts itself. The
table holds for the versions in the lock file; a test compares it with ONNX Runtime's registry,
which also says which operators of an opset have no kernel at all.
"""

from collections.abc import Mapping
from typing import Any

from dlconv.formats.onnx_file import OWN_DOMAINS

# ONNX Runtime makes initializers of these nodes when it loads a model.
NEEDS_NO_KERNEL = frozenset({"Constant"})

# The element types that have a kernel at every opset that is written, and the operators that have
# one for these alone; behind a dot is ONNX's name of the type where it is not T.
_OPERATORS_BY_TYPES: Mapping[str, str] = {
    "bool": "And If.B Not Or Where.B Xor",
    "float32": "Acos Acosh Asin Asinh Atan Atanh AveragePool Conv ConvTranspose Cosh Elu Erf LRN"
    " LeakyRelu Selu Sinh Softplus Softsign Tan",
    "float32 float64": "BatchNormalization BatchNormalization.T1 BatchNormalization.T2 Ceil Cos Exp"
    " Floor IsInf.T1 IsNaN.T1 Log LogSoftmax Reciprocal Resize.T2 Round Sigmoid Sin Softmax Sqrt"
    " Tanh",
    "float32 float64 bool int32 int64 int8 uint32 uint64 uint8": "Pad",
    "float32 float64 int16 int32 int64": "Range",
    "float32 float64 int16 int32 int64 int8": "Neg",
    "float32 float64 int16 int32 int64 int8 uint16 uint32 uint64 uint8": "Abs Add Div Greater"
    " GreaterOrEqual Less LessOrEqual Mod Mul Sign Sub",
    "float32 float64 int16 int32 int64 int8 uint8": "TopK",
    "float32 float64 int32 int64": "CumSum Einsum Pow Pow.T1 ReduceL2 ReduceMean ReduceProd"
    " ReduceSum",
    "float32 float64 int32 int64 int8 uint32 uint64 uint8": "Clip Max Min",
    "float32 float64 int32 int64 int8 uint32 uint8": "Where",
    "float32 float64 int32 int64 int8 uint8": "ArgMax ArgMin ReduceMax ReduceMin",
    "float32 float64 int32 int64 uint32 uint64": "CumProd MatMul",
    "float32 float64 int32 int8": "Relu",
    "float32 float64 int64 int8": "Unique",
    "float32 float64 int8 uint8": "DepthToSpace MaxPool SpaceToDepth",
    "float32 bool int32 int64 uint8": "NonZero",
    "float32 int32 int8 uint8": "Resize.T1",
    "int16 int32 int64 int8 uint16 uint32 uint64 uint8": "BitwiseAnd BitwiseNot BitwiseOr"
    " BitwiseXor",
    "int32 int64": "CumProd.T2 CumSum.T2 Gather.Tind Pad.Tind ScatterElements.Tind Slice.Tind",
    "int64": "ConstantOfShape.T1 Tile.T1",
}


def _by_operator() -> Mapping[str, Mapping[str, frozenset[str]]]:
    table: dict[str, dict[str, frozenset[str]]] = {}
    for types, operators in _OPERATORS_BY_TYPES.items():
        for each in operators.split():
            operator, _, variable = each.partition(".")
            table.setdefault(operator, {})[variable or "T"] = frozenset(types.split())
    return table


# The element types that have a kernel, by operator and by ONNX's name of the type; what is not here
# has one for all types that a frozen graph can have.
KERNEL_TYPES = _by_operator()

# What the build for the web lacks beside (measured: ``make conformance``).
_NOT_IN_WEB = {"Where": frozenset({"int8"})}

# The types that hold all values of another, the narrowest first; float32 stands for float64.
_WIDER: Mapping[str, tuple[str, ...]] = {
    "bool": ("uint8", "int32", "int64"),
    "float64": ("float32",),
    "int8": ("int32", "int64", "float32"),
    "int16": ("int32", "int64", "float32"),
    "int32": ("int64", "float64"),
    "uint8": ("int32", "int64", "float32"),
    "uint16": ("int32", "int64", "float32"),
    "uint32": ("int64", "float64"),
}


def type_to_compute_in(kind: str, dtype: str, variable: str = "T") -> str | None:
    """Return the type to write an operator in whose values are of ``dtype``.

    ``variable`` is ONNX's name of the type. It is another one where ONNX Runtime has no kernel;
    float32 stands for float64 where it is all there is. None when no type holds the values.
    """
    known = KERNEL_TYPES.get(kind, {}).get(variable)
    if known is not None:
        known -= _NOT_IN_WEB.get(kind, frozenset())
    if known is None or dtype in known or (dtype == "float16" and "float32" in known):
        return dtype
    return next((wider for wider in _WIDER.get(dtype, ()) if wider in known), None)


def operators_without_kernel(opset: int) -> frozenset[str] | None:
    """Return the ONNX operators of an opset that ONNX Runtime cannot run on the CPU.

    Those that ONNX defines by others need no kernel, deprecated ones do not count. None when this
    build of ONNX Runtime does not list its kernels.
    """
    from onnxruntime.capi import _pybind_state

    if not hasattr(_pybind_state, "get_all_opkernel_def"):
        return None
    kernels = [
        (kernel.op_name, *kernel.version_range)
        for kernel in _pybind_state.get_all_opkernel_def()
        if kernel.domain in OWN_DOMAINS and kernel.provider == "CPUExecutionProvider"
    ]
    needed = _versions_that_need_kernels(opset)
    able = {name for name, first, last in kernels if first <= needed.get(name, 0) <= last}
    return frozenset(needed.keys() - able - NEEDS_NO_KERNEL)


def _versions_that_need_kernels(opset: int) -> Mapping[str, int]:
    from onnx import defs

    latest: dict[str, Any] = {}
    for schema in sorted(defs.get_all_schemas_with_history(), key=lambda each: each.since_version):
        if schema.domain in OWN_DOMAINS and schema.since_version <= opset:
            latest[schema.name] = schema
    return {
        name: schema.since_version
        for name, schema in latest.items()
        if not (schema.deprecated or schema.has_function or schema.has_context_dependent_function)
    }
