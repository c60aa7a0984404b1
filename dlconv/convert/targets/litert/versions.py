"""The versions of operators, and the oldest runtime that has them.

A version of an operator says what a runtime has to know to run it; a runtime refuses one that it
does not have. Which properties ask for which version, and which release of TensorFlow brought it,
is stated in TensorFlow's sources (``lite/tools/versioning/op_version.cc``, ``runtime_version.cc``);
here is what they say of the operators and element types that dlconv writes.
"""

from collections.abc import Callable, Mapping

from dlconv.convert.targets.litert.model import Model, Operator

Rule = Callable[[Operator], int]

# Operators of which version 2 brought int8, and nothing else that dlconv writes.
_SECOND_FOR_INT8 = frozenset(
    {
        *("ADD", "AVERAGE_POOL_2D", "CONCATENATION", "LOGISTIC", "MAX_POOL_2D", "MEAN"),
        *("MIRROR_PAD", "MUL", "RELU", "RELU6", "SOFTMAX", "SUM", "TANH"),
    }
)
# What dlconv writes of operators, by version, the first one first: the release that brought it.
_RELEASES: Mapping[str, tuple[str, ...]] = {
    "ABS": ("1.13.0",),
    "ADD": ("1.5.0", "1.14.0"),
    "ARG_MAX": ("1.9.0", "1.14.0"),
    "ARG_MIN": ("1.9.0", "1.14.0"),
    "ATAN2": ("2.10.0",),
    "AVERAGE_POOL_2D": ("1.5.0", "1.14.0"),
    "BATCH_MATMUL": ("2.3.0",),
    "BATCH_TO_SPACE_ND": ("1.6.0", "1.14.0", "2.3.0"),
    "BROADCAST_ARGS": ("2.6.0",),
    "BROADCAST_TO": ("2.5.0", "2.5.0"),
    "CAST": ("1.5.0",),
    "CEIL": ("1.14.0",),
    "CONCATENATION": ("1.5.0", "1.14.0"),
    "CONV_2D": ("1.5.0", "1.14.0", "1.14.0"),
    "CONV_3D": ("2.5.0",),
    "COS": ("1.14.0",),
    "CUMSUM": ("2.4.0",),
    "DEPTHWISE_CONV_2D": ("1.5.0", "1.12.0", "1.14.0"),
    "DEPTH_TO_SPACE": ("2.1.0",),
    "DEQUANTIZE": ("1.13.1", "1.14.0", "1.15.0", "2.2.0", "2.7.0"),
    "DIV": ("1.6.0",),
    "ELU": ("1.14.0",),
    "EQUAL": ("1.14.0",),
    "EXP": ("1.7.0",),
    "EXPAND_DIMS": ("1.10.0",),
    "FILL": ("1.13.0", "2.3.0"),
    "FLOOR": ("1.9.0",),
    "FLOOR_DIV": ("1.14.0", "1.14.0"),
    "FLOOR_MOD": ("1.13.0",),
    "FULLY_CONNECTED": ("1.5.0",),
    "GATHER": ("1.6.0", "1.14.0", "1.15.0", "2.4.0", "2.5.0"),
    "GATHER_ND": ("1.14.0",),
    "GREATER": ("1.14.0",),
    "GREATER_EQUAL": ("1.14.0",),
    "LEAKY_RELU": ("1.13.1",),
    "LESS": ("1.14.0",),
    "LESS_EQUAL": ("1.14.0",),
    "LOCAL_RESPONSE_NORMALIZATION": ("1.5.0",),
    "LOG": ("1.14.0",),
    "LOGICAL_AND": ("1.11.0",),
    "LOGICAL_NOT": ("1.11.0",),
    "LOGICAL_OR": ("1.11.0",),
    "LOGISTIC": ("1.14.0", "1.14.0"),
    "LOG_SOFTMAX": ("1.14.0",),
    "MAXIMUM": ("1.14.0",),
    "MAX_POOL_2D": ("1.5.0", "1.14.0"),
    "MEAN": ("1.6.0", "1.14.0"),
    "MINIMUM": ("1.14.0",),
    "MIRROR_PAD": ("1.13.1", "2.3.0"),
    "MUL": ("1.5.0", "1.14.0", "1.15.0"),
    "NEG": ("1.9.0",),
    "NOT_EQUAL": ("1.14.0",),
    "PACK": ("1.11.0",),
    "PAD": ("1.5.0", "1.14.0", "2.4.0", "2.6.0"),
    "PADV2": ("1.9.0", "1.14.0", "2.4.0", "2.6.0"),
    "POW": ("1.10.0",),
    "QUANTIZE": ("1.14.0",),
    "RANGE": ("1.13.0",),
    "REDUCE_ALL": ("2.6.0",),
    "REDUCE_ANY": ("1.11.0",),
    "REDUCE_MAX": ("1.11.0",),
    "REDUCE_MIN": ("1.11.0",),
    "REDUCE_PROD": ("1.11.0",),
    "RELU": ("1.5.0", "2.1.0"),
    "RELU6": ("1.5.0", "1.14.0"),
    "RESHAPE": ("1.5.0",),
    "RESIZE_BILINEAR": ("1.7.0", "1.14.0", "2.2.0"),
    "RESIZE_NEAREST_NEIGHBOR": ("1.13.1", "1.14.0", "2.3.0"),
    "REVERSE_V2": ("1.14.0", "2.2.0"),
    "ROUND": ("1.14.0",),
    "RSQRT": ("1.10.0",),
    "SCATTER_ND": ("2.1.0",),
    "SELECT": ("1.14.0", "1.14.0"),
    "SELECT_V2": ("2.2.0",),
    "SHAPE": ("1.10.0",),
    "SIN": ("1.9.0",),
    "SLICE": ("1.14.0", "1.14.0", "1.14.0", "2.4.0", "2.5.0"),
    "SOFTMAX": ("1.5.0", "1.14.0"),
    "SPACE_TO_BATCH_ND": ("1.6.0", "1.14.0", "2.3.0"),
    "SPACE_TO_DEPTH": ("1.5.0",),
    "SPLIT": ("1.5.0", "1.14.0", "1.14.0"),
    "SPLIT_V": ("1.13.1",),
    "SQRT": ("1.10.0",),
    "SQUARE": ("1.12.0",),
    "SQUARED_DIFFERENCE": ("1.13.1",),
    "SQUEEZE": ("1.6.0",),
    "STRIDED_SLICE": ("1.6.0", "1.14.0", "2.1.0", "2.2.0"),
    "SUB": ("1.6.0", "1.14.0", "2.3.0"),
    "SUM": ("1.10.0", "1.15.0"),
    "TANH": ("1.14.0", "1.14.0"),
    "TILE": ("1.10.1",),
    "TOPK_V2": ("1.7.0",),
    "TRANSPOSE": ("1.6.0", "1.14.0", "1.15.0", "2.3.0"),
    "TRANSPOSE_CONV": ("1.9.0",),
    "UNPACK": ("1.11.0", "1.14.0", "2.2.0"),
    "WHERE": ("1.14.0",),
    "ZEROS_LIKE": ("1.12.0",),
}


def version_of(operator: Operator) -> int:
    """Return the version that an operator has to have."""
    if operator.code in _SECOND_FOR_INT8:
        return _mul(operator) if operator.code == "MUL" else 1 + (_type(operator) == "int8")
    rule = _RULES.get(operator.code)
    return 1 if rule is None else rule(operator)


def oldest_runtime(model: Model) -> str:
    """Return the release of TensorFlow from which on its runtime has the operators of a model.

    Like TensorFlow's own answer, it leaves out those whose release is not on record.
    """
    releases = ["1.5.0"]
    for operator in model.operators:
        known, version = _RELEASES.get(operator.code, ()), version_of(operator)
        releases += known[version - 1 : version]
    return max(releases, key=lambda release: [int(part) for part in release.split(".")])


def _type(operator: Operator, index: int = 0) -> str:
    tensor = operator.inputs[index]
    return "" if tensor is None else tensor.dtype


def _rank(operator: Operator, index: int = 0) -> int:
    tensor = operator.inputs[index]
    return 0 if tensor is None else tensor.rank


def _scale(operator: Operator, index: int) -> float:
    tensor = operator.inputs[index] if index >= 0 else operator.outputs[0]
    found = None if tensor is None else tensor.quantization
    return 0.0 if found is None else float(found.scale[0])


def _mul(operator: Operator) -> int:
    scales = [_scale(operator, index) for index in (0, 1, -1)]
    if all(scales) and scales[0] * scales[1] / scales[2] >= 1:
        return 3
    return 1 + (_type(operator) == "int8")


def _convolution(operator: Operator) -> int:
    return 3 if _type(operator) == "int8" else 1


def _depthwise(operator: Operator) -> int:
    if _type(operator) == "int8":
        return 3
    is_dilated = any(operator.option(f"Dilation{axis}Factor", 1) != 1 for axis in "HW")
    return 2 if is_dilated else 1


def _dequantize(operator: Operator) -> int:
    if _type(operator) == "float16":
        return 3
    given = operator.inputs[0]
    found = None if given is None else given.quantization
    return 5 if found is not None and found.scale.size > 1 else 2


def _resize_bilinear(operator: Operator) -> int:
    if operator.option("HalfPixelCenters"):
        return 3
    return 1 + (_type(operator) == "int8")


def _resize_nearest(operator: Operator) -> int:
    if operator.option("HalfPixelCenters") or operator.option("AlignCorners"):
        return 3
    return 1


def _pad(operator: Operator) -> int:
    if _rank(operator) > 4:
        return 4
    return 1 + (_type(operator) == "int8")


def _gather(operator: Operator) -> int:
    if operator.option("BatchDims"):
        return 5
    return 3 if _type(operator) == "bool" else 1


def _transpose(operator: Operator) -> int:
    if _rank(operator) > 4:
        return 6 if _rank(operator) > 5 else 4
    return 3 if _type(operator) == "bool" else 1


def _strided_slice(operator: Operator) -> int:
    if _rank(operator) > 4:
        return 4
    return 3 if _type(operator) == "bool" else 1


def _broadcasting(operator: Operator, version: int) -> int:
    one, other = operator.inputs[:2]
    is_alike = one is None or other is None or one.shape == other.shape
    return 1 if is_alike or max(_rank(operator, 0), _rank(operator, 1)) <= 4 else version


def _select(operator: Operator) -> int:
    return 3 if any(_rank(operator, index) == 5 for index in range(3)) else 1


def _batches(operator: Operator) -> int:
    return 1 if _rank(operator) == 4 else 3


_RULES: Mapping[str, Rule] = {
    "ABS": lambda operator: 5 if _type(operator) == "int32" else 1,
    "ARG_MAX": lambda operator: 3 if _type(operator) == "bool" else 1,
    "ARG_MIN": lambda operator: 3 if _type(operator) == "bool" else 1,
    "BATCH_TO_SPACE_ND": _batches,
    "BROADCAST_TO": lambda operator: 2,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _dequantize,
    "DIV": lambda operator: _broadcasting(operator, 2),
    "FILL": lambda operator: 2 if _type(operator, 1) == "bool" else 1,
    "FLOOR_DIV": lambda operator: 2 if _type(operator) == "float32" else 1,
    "GATHER": _gather,
    "GATHER_ND": lambda operator: 5 if _type(operator) == "bool" else 1,
    "MAXIMUM": lambda operator: _broadcasting(operator, 3),
    "MINIMUM": lambda operator: _broadcasting(operator, 3),
    "PAD": _pad,
    "PADV2": _pad,
    "RESIZE_BILINEAR": _resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": _resize_nearest,
    "REVERSE_V2": lambda operator: 2 if _type(operator) == "bool" else 1,
    "SELECT": _select,
    "SIGN": lambda operator: 2 if _type(operator) == "int32" else 1,
    "SLICE": lambda operator: 5 if _rank(operator) > 4 else 1,
    "SPACE_TO_BATCH_ND": _batches,
    "SPLIT": lambda operator: 3 if _type(operator, 1) == "int32" else 1,
    "STRIDED_SLICE": _strided_slice,
    "SUB": lambda operator: _broadcasting(operator, 3),
    "TRANSPOSE": _transpose,
    "UNPACK": lambda operator: 3 if _type(operator) == "bool" else 1,
}
