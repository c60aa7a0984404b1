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

_FLOAT32 = frozenset({"float32"})
_FLOATS = frozenset({"float32", "float64"})
_NUMBERS = _FLOATS | {"int32", "int64"}
_NARROW = frozenset({"int8", "uint8"})


def _words(text: str) -> list[str]:
    return text.split()


# The element types that have a kernel, by operator and by ONNX's name of the type.
KERNEL_TYPES: Mapping[str, tuple[str, frozenset[str]]] = {
    **dict.fromkeys(_words("Acos Acosh Asin Asinh Atan Atanh Cosh Sinh Tan"), ("T", _FLOAT32)),
    **dict.fromkeys(_words("Elu Erf LeakyRelu LRN Selu Softplus Softsign"), ("T", _FLOAT32)),
    **dict.fromkeys(_words("AveragePool Conv ConvTranspose GlobalAveragePool"), ("T", _FLOAT32)),
    **dict.fromkeys(
        _words("Ceil Cos Exp Floor Gemm Log LogSoftmax Reciprocal Round Sigmoid Sin Softmax Sqrt"),
        ("T", _FLOATS),
    ),
    **dict.fromkeys(_words("BatchNormalization Tanh"), ("T", _FLOATS)),
    **dict.fromkeys(_words("IsInf IsNaN"), ("T1", _FLOATS)),
    **dict.fromkeys(
        _words("CumSum Einsum Pow ReduceL2 ReduceMean ReduceProd ReduceSum"), ("T", _NUMBERS)
    ),
    **dict.fromkeys(_words("ArgMax ArgMin ReduceMax ReduceMin"), ("T", _NUMBERS | _NARROW)),
    **dict.fromkeys(_words("Clip Max Min"), ("T", _NUMBERS | _NARROW | {"uint32", "uint64"})),
    "MatMul": ("T", _NUMBERS | {"uint32", "uint64"}),
    "MaxPool": ("T", _FLOATS | _NARROW),
    "Neg": ("T", _NUMBERS | {"int8", "int16"}),
    "NonZero": ("T", frozenset({"bool", "float32", "int32", "int64", "uint8"})),
    "Pad": ("T", _NUMBERS | _NARROW | {"bool", "uint32", "uint64"}),
    "Range": ("T", _NUMBERS | {"int16"}),
    "Relu": ("T", _FLOATS | {"int32", "int8"}),
    "Resize": ("T1", _NARROW | {"float32", "int32"}),
    "TopK": ("T", _NUMBERS | _NARROW | {"int16"}),
    "Trilu": ("T", _NUMBERS | {"bool"}),
    "Unique": ("T", frozenset({"float32", "float64", "int64", "int8"})),
    "Where": ("T", _NUMBERS | _NARROW | {"uint32"}),
}

# The types that hold all values of another, the narrowest first.
_WIDER: Mapping[str, tuple[str, ...]] = {
    "bool": ("uint8", "int32"),
    "float64": ("float32",),
    "int8": ("int32", "int64", "float32"),
    "int16": ("int32", "int64", "float32"),
    "int32": ("int64", "float64"),
    "uint8": ("int32", "int64", "float32"),
    "uint16": ("int32", "int64", "float32"),
    "uint32": ("int64", "float64"),
    "uint64": ("int64",),
}


def type_to_compute_in(kind: str, dtype: str) -> str | None:
    """Return the type to write an operator in whose values are of ``dtype``.

    It is another one where ONNX Runtime has no kernel; float32 stands for float64 where it is all
    there is. None when no type holds the values.
    """
    _, known = KERNEL_TYPES.get(kind, ("", frozenset({dtype})))
    if dtype in known or dtype == "float16":
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
