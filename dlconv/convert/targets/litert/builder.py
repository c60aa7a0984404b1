"""Builds a LiteRT model: adds operators and constants, and names what they give."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlconv.convert.targets.litert.model import Extents, Model, Operator, Options, Tensor


class Builder:
    """The operators of a model so far, the names of tensors, and the casts of its inputs."""

    def __init__(self) -> None:
        self._operators: list[Operator] = []
        self._names: dict[Tensor, str] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Tensor] = {}
        # What an input was before it was cast to the type that its readers take.
        self.uncast: dict[Tensor, Tensor] = {}

    def add(
        self,
        code: str,
        inputs: Sequence[Tensor | None],
        outputs: Sequence[tuple[str, Extents]],
        options: Options | None = None,
    ) -> list[Tensor]:
        """Add an operator with outputs of these types and shapes, and return them."""
        given = [Tensor(dtype, shape) for dtype, shape in outputs]
        self._operators.append(Operator(code, tuple(inputs), tuple(given), options))
        return given

    def put(self, operator: Operator) -> None:
        """Add an operator that is made already."""
        self._operators.append(operator)

    def constant(self, value: Any, dtype: Any) -> Tensor:
        """Return a small constant, the same for the same value."""
        array = np.asarray(value, dtype)
        key = (array.dtype.name, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = Tensor(array.dtype.name, array.shape, array)
        return self._constants[key]

    def name(self, tensor: Tensor, name: str) -> None:
        """Give a tensor a name, unless it has one."""
        self._names.setdefault(tensor, name)

    def name_of(self, tensor: Tensor) -> str | None:
        """Return a tensor's name, None without one."""
        return self._names.get(tensor)

    def model(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Model:
        """Return the model of what the outputs need, and of its inputs."""
        needed = {*outputs.values()}
        kept = []
        for operator in reversed(self._operators):
            if needed.intersection(operator.outputs):
                needed.update(each for each in operator.inputs if each is not None)
                kept.append(operator)
        return Model(kept[::-1], inputs, outputs, self._names)
