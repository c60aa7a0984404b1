"""A LiteRT model as plain data: what a ``.tflite`` file holds, before it is written.

The words are those of the file's schema (schema.fbs): a tensor has a type, a shape and perhaps a
value, an operator has a builtin code, inputs, outputs and options. Tensors are told apart by
identity; their names are the model's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Extents = tuple[int | None, ...]

# ActivationFunctionType of the schema, by the operators that do the same.
ACTIVATIONS = {"RELU": 1, "RELU6": 3}


@dataclass(frozen=True)
class Quantization:
    """What the integers of a tensor stand for: value = (code - zero_point) * scale.

    ``scale`` is float32 [n], one for all elements or one for each index along ``axis``.
    """

    scale: np.ndarray
    zero_point: int = 0
    axis: int = 0


@dataclass(frozen=True)
class Codes:
    """Integers of a type, and what they stand for."""

    dtype: str
    quantization: Quantization


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor: its element type as numpy calls it, its shape, and its value if it is constant.

    An extent that is None is free.
    """

    dtype: str
    shape: Extents
    constant: np.ndarray | None = None
    quantization: Quantization | None = None

    @property
    def rank(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def is_fixed(self) -> bool:
        """Whether all extents are known."""
        return None not in self.shape


@dataclass(frozen=True)
class Options:
    """A table of the schema with the options of an operator: its name and its fields.

    Fields are called as the schema's builders call them, ``Padding`` for one.
    """

    table: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Operator:
    """An operator: its name in the enumeration BuiltinOperator, and what it reads and gives.

    An input that is None is left out.
    """

    code: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Options | None = None

    def option(self, key: str, default: Any = None) -> Any:
        """Return one of its options."""
        return default if self.options is None else self.options.fields.get(key, default)


@dataclass(frozen=True)
class Model:
    """Operators in the order in which they run, and the tensors at their ends by name.

    ``names`` has the names of tensors that have one, ``files`` what stands in an archive behind.
    """

    operators: Sequence[Operator]
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    names: Mapping[Tensor, str]
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def tensors(self) -> list[Tensor]:
        """Every tensor once, in the order of their first use."""
        used = dict.fromkeys(self.inputs.values())
        for operator in self.operators:
            used |= dict.fromkeys(each for each in operator.inputs if each is not None)
            used |= dict.fromkeys(operator.outputs)
        return [*(used | dict.fromkeys(self.outputs.values()))]
