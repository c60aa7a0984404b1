"""What the tables of a ``.tflite`` file say, by TensorFlow's schema (schema.fbs), version 3.

The words are the schema's: subgraphs have operators and tensors, and tensors refer to buffers with
their values. Every number that refers to something is checked here, and that a constant has the
bytes of its shape. The bytes themselves are views of the file.
"""

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.formats.flatbuffer import Flatbuffer
from dlconv.graph.graph import MAX_RANK

SCHEMA_VERSION = 3
MIN_RUNTIME = "min_runtime_version"
CUSTOM = "CUSTOM"
NO_ACTIVATION = 0
# The place of builtin_code in the vtable of an OperatorCode.
BUILTIN_CODE = 10
UNKNOWN_CODE = "builtin "
UNKNOWN_TYPE = "type "
# Bits of an element as files hold it; of other types it is not known.
BITS = {
    "bool": 8,
    "int4": 4,
    "bfloat16": 16,
    "complex64": 64,
    "complex128": 128,
    **{f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": bits for bits in (16, 32, 64)},
}
# Offsets of buffers that say that their values lie in the flatbuffer.
LAST_OFFSET_WITHIN = 1


@dataclass(frozen=True, eq=False)
class Quantization:
    """What the codes of a tensor stand for: value = (code - zero point) * scale.

    ``scale`` is float32 [n] and ``zero_point`` int64 [n] or [1]: one for all elements, or one for
    each index along ``axis``.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor: its element type, as numpy calls it, its shape and what its codes stand for.

    An extent that varies is None, and so is the shape where it is not known; ``extents`` are what
    the file has in their place. ``values`` are bytes, uint8 [n], of a constant; None for others.
    ``is_readable`` tells whether they are all elements, one after the other: not in sparse tensors,
    and those with blocks of scales.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    extents: tuple[int, ...]
    buffer: int
    values: np.ndarray | None
    quantization: Quantization | None
    is_readable: bool


@dataclass(frozen=True)
class Operator:
    """An operator: its builtin code, how it is shown, and the numbers of its tensors.

    The number of an input that is left out is -1.
    """

    code: str
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Subgraph:
    """Tensors, the numbers of those that go in and come out, and operators."""

    tensors: Sequence[Tensor]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: Sequence[Operator]


@dataclass(frozen=True, eq=False)
class Model:
    """A model: who made it, the oldest runtime for it, and its subgraphs, the main one first.

    ``names`` are what the signature calls tensors of the main subgraph, by their numbers.
    """

    description: str
    min_runtime: str
    subgraphs: Sequence[Subgraph]
    names: Mapping[int, str]


def model_in(file: Flatbuffer) -> Model:
    """Read the model in a flatbuffer.

    Raises DlconvError, of one line, for another version of the schema and for whatever does not
    fit together.
    """
    return _Reader(file).model()


class _Reader:
    """Reads the tables of one file."""

    def __init__(self, file: Flatbuffer) -> None:
        self._file = file
        self._root = file.root(_table("Model"))
        version = self._root.Version()
        if version != SCHEMA_VERSION:
            raise DlconvError(
                f"{file.name} is of version {version} of LiteRT's schema, and only "
                f"{SCHEMA_VERSION} is known"
            )
        self._buffers = [self._buffer(each) for each in file.tables(self._root, "Buffers")]
        self._codes = [self._code(each) for each in file.tables(self._root, "OperatorCodes")]

    def model(self) -> Model:
        subgraphs = [self._subgraph(each) for each in self._file.tables(self._root, "Subgraphs")]
        if not subgraphs or not subgraphs[0].outputs:
            raise DlconvError(f"{self._file.name} is a .tflite file without a graph")
        return Model(
            description=self._file.text(self._root, "Description"),
            min_runtime=self._min_runtime(),
            subgraphs=subgraphs,
            names=self._signature_names(len(subgraphs), len(subgraphs[0].tensors)),
        )

    def _buffer(self, table: Any) -> np.ndarray:
        """Return the bytes of a buffer, which may lie behind the flatbuffer in the file."""
        data = self._file.numbers(table, "Data")
        start, size = table.Offset(), table.Size()
        if data.size or min(start, size) <= LAST_OFFSET_WITHIN:
            return data
        self._file.need(start, size)
        self._file.spend(size)
        return np.frombuffer(self._file.content, np.uint8, size, start)

    def _code(self, table: Any) -> tuple[str, str]:
        """Return an operator's builtin code, and how it is shown."""
        # Codes were a byte once, and are in a field of their own since there are more; LiteRT takes
        # the larger, while the accessor of that field takes the byte where there are no more.
        number = max(table.DeprecatedBuiltinCode(), self._file.int32(table, BUILTIN_CODE))
        code = _names_in("BuiltinOperator").get(number, f"{UNKNOWN_CODE}{number}")
        custom = self._file.text(table, "CustomCode")
        return code, f"custom.{custom}" if code == CUSTOM else code

    def _subgraph(self, table: Any) -> Subgraph:
        tensors = [
            self._tensor(number, each)
            for number, each in enumerate(self._file.tables(table, "Tensors"))
        ]
        count = len(tensors)
        return Subgraph(
            tensors=tensors,
            inputs=self._indices(table, "Inputs", 0, count),
            outputs=self._indices(table, "Outputs", 0, count),
            operators=[
                self._operator(each, count) for each in self._file.tables(table, "Operators")
            ],
        )

    def _indices(self, table: Any, field: str, least: int, count: int) -> tuple[int, ...]:
        found = self._file.numbers(table, field)
        if found.size and (found.min() < least or found.max() >= count):
            self._file.refuse("it refers to a tensor that it does not have")
        return tuple(found.tolist())

    def _operator(self, table: Any, count: int) -> Operator:
        index = table.OpcodeIndex()
        if index >= len(self._codes):
            self._file.refuse("it refers to an operator code that it does not have")
        code, kind = self._codes[index]
        fused = self._fused_activation(table)
        return Operator(
            code=code,
            kind=f"{kind}+{fused}" if fused else kind,
            inputs=self._indices(table, "Inputs", -1, count),
            outputs=self._indices(table, "Outputs", 0, count),
        )

    def _fused_activation(self, table: Any) -> str:
        """Return the activation that an operator ends with, empty for none."""
        name = _names_in("BuiltinOptions").get(table.BuiltinOptionsType(), "NONE")
        union = None if name == "NONE" else table.BuiltinOptions()
        if union is None or not hasattr(_table(name), "FusedActivationFunction"):
            return ""
        number = int(self._file.at(_table(name), union.Pos).FusedActivationFunction())
        known = {**_names_in("ActivationFunctionType"), NO_ACTIVATION: ""}
        return known.get(number, f"activation {number}")

    def _tensor(self, number: int, table: Any) -> Tensor:
        name = self._file.text(table, "Name") or f"tensor {number}"
        buffer = table.Buffer()
        if buffer >= max(len(self._buffers), 1):
            self._file.refuse(f"the tensor {name} refers to a buffer that it does not have")
        # The first buffer stands for none.
        content = self._buffers[buffer] if buffer else np.empty(0, np.uint8)
        dtype = _names_in("TensorType").get(table.Type(), f"{UNKNOWN_TYPE}{table.Type()}").lower()
        extents = tuple(self._file.numbers(table, "Shape").tolist())
        is_sparse = table.Sparsity() is not None
        if content.size and not is_sparse:
            self._check_constant(name, dtype, extents, content.size)
        quantization, has_blocks = self._quantization(name, table, extents)
        return Tensor(
            name=name,
            dtype=dtype,
            shape=self._shape(name, table, extents),
            extents=extents,
            buffer=buffer,
            values=content if content.size else None,
            quantization=quantization,
            is_readable=dtype in BITS and not is_sparse and not has_blocks,
        )

    def _check_constant(self, name: str, dtype: str, extents: Sequence[int], size: int) -> None:
        if len(extents) > MAX_RANK or min(extents, default=0) < 0:
            raise DlconvError(f"{self._file.name}: the constant {name} has an impossible shape")
        if dtype in BITS and size != -(-math.prod(extents) * BITS[dtype] // 8):
            raise DlconvError(f"{self._file.name}: the values of {name} do not match its shape")

    def _shape(
        self, name: str, table: Any, extents: Sequence[int]
    ) -> tuple[int | None, ...] | None:
        """Return a tensor's shape: None for extents that vary, or for an unknown one."""
        signature = self._file.numbers(table, "ShapeSignature").tolist() or list(extents)
        if len(signature) != len(extents) or len(extents) > MAX_RANK:
            raise DlconvError(f"{self._file.name}: the tensor {name} has an impossible shape")
        if not extents and not table.HasRank():
            return None
        return tuple(extent if extent >= 0 else None for extent in signature)

    def _quantization(
        self, name: str, table: Any, extents: Sequence[int]
    ) -> tuple[Quantization | None, bool]:
        """Return what a tensor's codes stand for, and whether there is more than scales to it."""
        found = self._file.table(table, "Quantization")
        if found is None:
            return None, False
        has_details = found.DetailsType() != 0
        scale = self._file.numbers(found, "Scale")
        if not scale.size:
            return None, has_details
        zero = self._file.numbers(found, "ZeroPoint")
        zero = zero if zero.size else np.zeros(1, np.int64)
        axis = found.QuantizedDimension()
        fits = scale.size == 1 or (0 <= axis < len(extents) and extents[axis] == scale.size)
        if not fits or zero.size not in (1, scale.size) or not np.isfinite(scale).all():
            raise DlconvError(f"{self._file.name}: the scales of {name} do not fit its shape")
        return Quantization(scale, zero, axis), has_details

    def _min_runtime(self) -> str:
        for entry in self._file.tables(self._root, "Metadata"):
            if self._file.text(entry, "Name") != MIN_RUNTIME:
                continue
            if entry.Buffer() >= len(self._buffers):
                self._file.refuse("its metadata refers to a buffer that it does not have")
            content = self._buffers[entry.Buffer()].tobytes()
            return self._file.decoded(content.partition(b"\0")[0])
        return ""

    def _signature_names(self, subgraphs: int, tensors: int) -> dict[int, str]:
        """Return the names in the main subgraph's signature, if it has one and no more."""
        signatures = list(self._file.tables(self._root, "SignatureDefs"))
        if any(each.SubgraphIndex() >= subgraphs for each in signatures):
            self._file.refuse("a signature refers to a subgraph that it does not have")
        own = [each for each in signatures if each.SubgraphIndex() == 0]
        if len(own) != 1:
            return {}
        named = {
            each.TensorIndex(): self._file.text(each, "Name")
            for field in ("Inputs", "Outputs")
            for each in self._file.tables(own[0], field)
        }
        if max(named, default=-1) >= tensors:
            self._file.refuse("its signature refers to a tensor that it does not have")
        return {number: name for number, name in named.items() if name}


@cache
def _table(name: str) -> Any:
    return getattr(importlib.import_module(f"tflite.{name}"), name)


@cache
def _names_in(enumeration: str) -> dict[int, str]:
    """Return the names in an enumeration of the schema, by number."""
    return {
        value: name for name, value in vars(_table(enumeration)).items() if isinstance(value, int)
    }
