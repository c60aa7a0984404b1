"""Tensors of an ONNX model that is being made, and the tensors of TensorFlow that they stand for.

ONNX's convolutions want channels first, TensorFlow has them last. A ``Value``, one output of a
TensorFlow node, is therefore at hand in up to two orders: its own, and with channels first. Each is
made once, when it is first asked for, so that no pass has to push transposes through the graph.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.targets.axes import to_first, to_last
from dlconv.graph.inferred import Extent, Shape


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the model: an input, a constant or an output of a node.

    ``dtype`` is numpy's name. ``shape`` is None without a known rank; an extent is a number, a
    symbol, or None. ``value`` is what it always holds; ``partial``, an array of objects, are the
    extents that it holds, None for each that is not known.
    """

    name: str
    dtype: str
    shape: Shape
    value: np.ndarray | None = None
    partial: np.ndarray | None = None

    @property
    def rank(self) -> int:
        """The number of axes; -1 if it is not known."""
        return -1 if self.shape is None else len(self.shape)


Transposed = Callable[[Tensor, Sequence[int]], Tensor]


class Value:
    """One output of a TensorFlow node, in TensorFlow's order of axes, with channels first, or both.

    ``is_dead`` marks a value on a branch that never runs; ``guards`` are the branches that it is
    computed on: names of conditions, each with what it has to be.
    """

    def __init__(
        self,
        transposed: Transposed,
        plain: Tensor | None = None,
        first: Tensor | None = None,
        guards: frozenset[tuple[str, bool]] = frozenset(),
    ) -> None:
        self._transposed = transposed
        self._plain = plain
        self._first = first
        self.guards = guards
        self.is_dead = plain is None and first is None

    @property
    def tensors(self) -> list[Tensor]:
        """The tensors that are at hand, the one in TensorFlow's order first."""
        return [tensor for tensor in (self._plain, self._first) if tensor is not None]

    @property
    def dtype(self) -> str:
        """The element type, as numpy calls it."""
        return self.tensors[0].dtype

    @property
    def rank(self) -> int:
        """The number of axes; -1 if it is not known."""
        return self.tensors[0].rank

    @property
    def shape(self) -> Shape:
        """The shape in TensorFlow's order."""
        if self._plain is not None or self._first is None or self._first.shape is None:
            return self.tensors[0].shape
        first = self._first.shape
        return tuple(first[axis] for axis in to_last(len(first)))

    def extent(self, axis: int) -> Extent:
        """Return the extent of an axis of TensorFlow's order, None if it is not known."""
        return None if self.shape is None else self.shape[axis]

    @property
    def constant(self) -> np.ndarray | None:
        """What it always holds, in TensorFlow's order; None if that is not known."""
        if any(tensor.value is not None for tensor in self.tensors):
            return self.plain().value
        return None

    @property
    def has_first(self) -> bool:
        """Whether it is at hand with channels first."""
        return self._first is not None and self._first.rank > 2

    def learn(self, shape: Shape, completed: Callable[[Tensor, Shape], Tensor]) -> None:
        """Take in what is known of the shape from elsewhere, in TensorFlow's order."""
        if self._plain is not None:
            self._plain = completed(self._plain, shape)
        if self._first is not None and shape is not None:
            first = tuple(shape[axis] for axis in to_first(len(shape)))
            self._first = completed(self._first, first)

    def guarded(self, guards: frozenset[tuple[str, bool]]) -> "Value":
        """Return it as one that is computed on these branches, too."""
        if guards <= self.guards:
            return self
        return Value(self._transposed, self._plain, self._first, self.guards | guards)

    def plain(self) -> Tensor:
        """Return it in TensorFlow's order of axes."""
        if self._plain is None:
            first = self.tensors[0]
            self._plain = self._transposed(first, to_last(first.rank))
        return self._plain

    def first(self) -> Tensor:
        """Return it with channels first; below rank 3 there is one order only."""
        if self._first is None:
            plain = self.tensors[0]
            self._first = self._transposed(plain, to_first(plain.rank)) if plain.rank > 2 else plain
        return self._first
