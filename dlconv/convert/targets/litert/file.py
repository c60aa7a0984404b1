"""Writing a LiteRT model into a file: a flatbuffer by TensorFlow's schema, version 3.

The tables are built by the builders of the ``tflite`` package. A flatbuffer is filled from its end,
so values come first; each lies at a multiple of 16 bytes, as the runtime maps them, and is copied
once. The same model gives the same bytes.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dlconv
from dlconv.convert.targets.litert.metadata import archive
from dlconv.convert.targets.litert.model import Model, Operator, Tensor
from dlconv.convert.targets.litert.tables import Tables
from dlconv.convert.targets.litert.versions import oldest_runtime, version_of
from dlconv.errors import DlconvError
from dlconv.formats.kinds import TFLITE_MAGIC
from dlconv.formats.tflite_model import MIN_RUNTIME

SCHEMA_VERSION = 3
ALIGNMENT = 16
# A flatbuffer's offsets are 32 bits with a sign.
MOST_BYTES = 2**31 - 1
# BuiltinOperator was a byte; a code beyond has this one there (PLACEHOLDER_FOR_GREATER_OP_CODES).
GREATER_CODES = 127
_SIGNATURE_KEY = "serving_default"


def write_model(model: Model, path: Path) -> None:
    """Write a model into a new file. Raises DlconvError for one beyond 2 GiB."""
    with path.open("wb") as file:
        file.write(serialized(model))
        if model.files:
            file.write(archive(model.files.items()))


def serialized(model: Model) -> memoryview:
    """Return the bytes of a model's file. Raises DlconvError for one beyond 2 GiB."""
    tensors = model.tensors
    constants = sum(each.constant.nbytes for each in tensors if each.constant is not None)
    if constants >= MOST_BYTES:
        raise DlconvError(f"a LiteRT file holds less than 2 GiB, and the weights have {constants}")
    # Tables take some hundred bytes each; room for all of them spares copies while it grows.
    room = constants + 1024 * (len(tensors) + len(model.operators) + 64)
    writer = _Writer(room, model, tensors)
    return writer.finished()


class _Writer(Tables):
    """Builds the tables of a model, inner ones first."""

    def __init__(self, room: int, model: Model, tensors: Sequence[Tensor]) -> None:
        super().__init__(room)
        self._model = model
        self._tensors = tensors
        self._index = {tensor: number for number, tensor in enumerate(tensors)}
        self._kinds = [(each.code, version_of(each)) for each in model.operators]
        self._codes = list(dict.fromkeys(self._kinds))
        self._zeros: dict[tuple[int, int], int] = {}
        # The first buffer is empty, and that of all tensors that are computed.
        self._buffers = [self._table("Buffer")]

    def finished(self) -> memoryview:
        """Return the bytes of the file."""
        metadata = {MIN_RUNTIME: _padded(oldest_runtime(self._model)), **self._model.metadata}
        entries = self.offsets(
            self._table(
                "Metadata",
                Name=self.text(name),
                Buffer=self._buffer(np.frombuffer(content, "u1")),
            )
            for name, content in metadata.items()
        )
        graph = self.offsets([self._graph()])
        root = self._table(
            "Model",
            Version=SCHEMA_VERSION,
            OperatorCodes=self.offsets(self._code(code, v) for code, v in self._codes),
            Subgraphs=graph,
            Description=self.text(f"dlconv {dlconv.__version__}"),
            Metadata=entries,
            SignatureDefs=self.offsets([self._signature()]),
            Buffers=self.offsets(self._buffers),
        )
        self.builder.Finish(root, file_identifier=TFLITE_MAGIC)
        return memoryview(self.builder.Bytes)[self.builder.Head() :]

    def _table(self, name: str, **fields: Any) -> int:
        """Build a table of the schema; fields that are None are left out."""
        module = importlib.import_module(f"tflite.{name}")
        module.Start(self.builder)
        for key, value in fields.items():
            if value is not None:
                getattr(module, f"Add{key}")(self.builder, value)
        return int(module.End(self.builder))

    def _bytes(self, array: np.ndarray, alignment: int) -> int:
        content = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        raw = content.reshape(-1).view(np.uint8)
        self.builder.StartVector(1, raw.size, alignment)
        self.builder.head -= raw.size
        start = self.builder.Head()
        self.builder.Bytes[start : start + raw.size] = raw.data
        return int(self.builder.EndVector())

    def _buffer(self, array: np.ndarray) -> int:
        """Add a buffer with the bytes of an array, and return its number."""
        self._buffers.append(self._table("Buffer", Data=self._bytes(array, ALIGNMENT)))
        return len(self._buffers) - 1

    def _code(self, code: str, version: int) -> int:
        number = _enumerated("BuiltinOperator", code)
        return self._table(
            "OperatorCode",
            DeprecatedBuiltinCode=min(number, GREATER_CODES),
            Version=version,
            BuiltinCode=number,
        )

    def _graph(self) -> int:
        tensors = [self._tensor(each) for each in self._tensors]
        opcodes = map(self._codes.index, self._kinds)
        operators = list(map(self._operator, self._model.operators, opcodes))
        return self._table(
            "SubGraph",
            Tensors=self.offsets(tensors),
            Inputs=self.integers(map(self._number, self._model.inputs.values())),
            Outputs=self.integers(map(self._number, self._model.outputs.values())),
            Operators=self.offsets(operators),
            Name=self.text("main"),
        )

    def _number(self, tensor: Tensor | None) -> int:
        return -1 if tensor is None else self._index[tensor]

    def _tensor(self, tensor: Tensor) -> int:
        buffer = 0 if tensor.constant is None else self._buffer(tensor.constant)
        quantization = self._quantization(tensor)
        signature = None
        if not tensor.is_fixed:
            signature = self.integers(-1 if each is None else each for each in tensor.shape)
        return self._table(
            "Tensor",
            Shape=self.integers(1 if each is None else each for each in tensor.shape),
            Type=_enumerated("TensorType", tensor.dtype.upper()),
            Buffer=buffer,
            Name=self.text(self._model.names.get(tensor, f"tensor_{self._index[tensor]}")),
            Quantization=quantization,
            ShapeSignature=signature,
            HasRank=True,
        )

    def _quantization(self, tensor: Tensor) -> int | None:
        found = tensor.quantization
        if found is None:
            return None
        scales = [float(each) for each in found.scale]
        return self._table(
            "QuantizationParameters",
            Scale=self.floats(scales),
            ZeroPoint=self._zero_points(found.zero_point, len(scales)),
            QuantizedDimension=found.axis,
        )

    def _zero_points(self, value: int, count: int) -> int:
        """Return where a zero point stands so often, which tensors share: it has 8 bytes."""
        if (value, count) not in self._zeros:
            made = self.long_integers([value] * count)
            self._zeros[value, count] = made
        return self._zeros[value, count]

    def _operator(self, operator: Operator, opcode: int) -> int:
        options = operator.options
        table = kind = None
        if options is not None:
            fields = {key: self._field(value) for key, value in options.fields.items()}
            table = self._table(options.table, **fields)
            kind = _enumerated("BuiltinOptions", options.table)
        return self._table(
            "Operator",
            OpcodeIndex=opcode,
            Inputs=self.integers(map(self._number, operator.inputs)),
            Outputs=self.integers(map(self._number, operator.outputs)),
            BuiltinOptionsType=kind,
            BuiltinOptions=table,
        )

    def _field(self, value: Any) -> Any:
        return self.integers(value) if isinstance(value, tuple) else value

    def _signature(self) -> int:
        return self._table(
            "SignatureDef",
            Inputs=self._ends(self._model.inputs),
            Outputs=self._ends(self._model.outputs),
            SignatureKey=self.text(_SIGNATURE_KEY),
            SubgraphIndex=0,
        )

    def _ends(self, ends: Any) -> int:
        return self.offsets(
            self._table("TensorMap", Name=self.text(name), TensorIndex=self._index[tensor])
            for name, tensor in ends.items()
        )


def _enumerated(enumeration: str, name: str) -> int:
    module = importlib.import_module(f"tflite.{enumeration}")
    return int(getattr(getattr(module, enumeration), name))


def _padded(text: str) -> bytes:
    """Return text as TensorFlow's converter stores it, 16 bytes with zeros at the end."""
    return text.encode().ljust(16, b"\0")
