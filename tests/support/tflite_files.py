"""Files of LiteRT, built table by table, so that tests can have any that a stranger writes."""

import importlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import flatbuffers
import numpy as np

FLOAT32, FLOAT16, INT32, UINT8, INT8, INT4, BFLOAT16 = 0, 1, 2, 3, 9, 17, 18
ADD, CONV_2D, DEPTHWISE_CONV_2D, DEQUANTIZE, CUSTOM, TRANSPOSE_CONV = 0, 3, 4, 6, 32, 67
OFFSET = "<u4"


@dataclass
class Table:
    """A table of the schema; fields are called as the builders of ``tflite`` call them."""

    name: str
    fields: dict = field(default_factory=dict)

    def __init__(self, name, **fields):
        self.name, self.fields = name, fields


def written(root: Table, path: Path, behind: bytes = b"") -> Path:
    """Write a file with these tables, and bytes behind them."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(_built(builder, root), file_identifier=b"TFL3")
    path.write_bytes(bytes(builder.Output()) + behind)
    return path


def _built(builder, value):
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, np.ndarray):
        return builder.CreateNumpyVector(value)
    if isinstance(value, bytes):
        return builder.CreateByteVector(value)
    if isinstance(value, list):
        made = [_built(builder, each) for each in value]
        builder.StartVector(4, len(made), 4)
        for each in reversed(made):
            builder.PrependUOffsetTRelative(each)
        return builder.EndVector()
    if not isinstance(value, Table):
        return value
    fields = {key: _built(builder, each) for key, each in value.fields.items()}
    module = importlib.import_module(f"tflite.{value.name}")
    module.Start(builder)
    for key, each in fields.items():
        getattr(module, f"Add{key}")(builder, each)
    return module.End(builder)


def integers(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


def tensor(name: str, shape, kind: int = FLOAT32, buffer: int = 0, **fields) -> Table:
    shape = integers(*shape)
    return Table("Tensor", Name=name, Shape=shape, Type=kind, Buffer=buffer, HasRank=True, **fields)


def scales(scale, zero_point=0, axis: int = 0, **fields) -> Table:
    scale = np.atleast_1d(np.asarray(scale, np.float32))
    zeros = np.broadcast_to(np.asarray(zero_point, np.int64), scale.shape).copy()
    return Table(
        "QuantizationParameters", Scale=scale, ZeroPoint=zeros, QuantizedDimension=axis, **fields
    )


def operator(code: int, inputs, outputs, **fields) -> Table:
    """An operator; its code is its place among those of the model."""
    return Table(
        "Operator",
        OpcodeIndex=code,
        Inputs=integers(*inputs),
        Outputs=integers(*outputs),
        **fields,
    )


@dataclass(frozen=True)
class Parts:
    """A model of one subgraph: y is computed of x and the constant w."""

    tensors: tuple = (
        tensor("x", (1, 4)),
        tensor("w", (1, 4), buffer=1),
        tensor("y", (1, 4)),
    )
    buffers: tuple = (b"", np.arange(4, dtype=np.float32).tobytes())
    codes: tuple = (Table("OperatorCode", DeprecatedBuiltinCode=ADD, BuiltinCode=ADD, Version=1),)
    operators: tuple = (operator(0, (0, 1), (2,)),)
    version: int = 3
    fields: dict = field(default_factory=dict)

    def but(self, **changes) -> "Parts":
        return replace(self, **changes)

    def model(self) -> Table:
        graph = Table(
            "SubGraph",
            Tensors=list(self.tensors),
            Inputs=integers(0),
            Outputs=integers(len(self.tensors) - 1),
            Operators=list(self.operators),
        )
        parts = {
            "Version": self.version,
            "OperatorCodes": list(self.codes),
            "Subgraphs": [graph],
            "Description": "by hand",
            "Buffers": [
                each
                if isinstance(each, Table)
                else Table("Buffer", **({"Data": each} if each else {}))
                for each in self.buffers
            ],
        }
        return Table("Model", **{**parts, **self.fields})

    def written(self, path: Path, behind: bytes = b"") -> Path:
        return written(self.model(), path, behind)


def with_constant(constant: Table, content: bytes) -> Parts:
    """A model whose constant, of buffer 1, is this one."""
    before, _, after = Parts().tensors
    return Parts().but(tensors=(before, constant, after), buffers=(b"", content))


def kernel_model(code: int, kernel: np.ndarray, channels: int) -> Parts:
    """A model that reads a kernel, [out, height, width, in] or depthwise."""
    tensors = (
        tensor("x", (1, 5, 5, channels)),
        tensor("kernel", kernel.shape, buffer=1),
        tensor("y", (1, 5, 5, 1)),
    )
    codes = (Table("OperatorCode", DeprecatedBuiltinCode=code, BuiltinCode=code, Version=1),)
    return Parts().but(tensors=tensors, buffers=(b"", kernel.tobytes()), codes=codes)
