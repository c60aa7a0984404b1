"""The element types in which a LiteRT file holds those of a graph.

They are float32, int32 and bool, as TF.js has them: LiteRT has most kernels for these, and its web
runtime refuses int64. What wraps in a narrower type is lowered before.
"""

import numpy as np

from dlconv.errors import DlconvError
from dlconv.graph.tensors import data_type_name

_HELD = {
    **dict.fromkeys(("float16", "float32", "float64"), "float32"),
    **dict.fromkeys(("int8", "int16", "int32", "int64", "uint8", "uint16"), "int32"),
    "bool": "bool",
}
# TensorType.INT32 of the schema.
INT32 = 2
# The types in which images may go in, as they are.
INPUT_TYPES = frozenset({"uint8", "float32", "int32", "bool"})


def held_type(dtype: str) -> str | None:
    """Return the type that holds an element type, None if there is none."""
    return _HELD.get(dtype)


def held(name: str, values: np.ndarray) -> np.ndarray:
    """Return a constant in the type that holds it. Raises DlconvError if that cannot be."""
    dtype = held_type(values.dtype.name)
    if dtype is None:
        shown = data_type_name(values.dtype.name) or values.dtype.name
        raise DlconvError(f"LiteRT cannot hold the constant {name}: its element type is {shown}")
    with np.errstate(over="ignore"):
        converted = values.astype(dtype, copy=False)
    if dtype == "int32" and not np.array_equal(converted, values):
        raise DlconvError(f"LiteRT cannot hold the constant {name}: it does not fit in int32")
    return converted
