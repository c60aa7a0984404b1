"""Choices that make the cases of one operation.

A maker describes a case by asking a ``Draw`` for each thing that can vary; the first option is the
usual one. Run once with the usual ones, it shows what can vary; then each is varied alone, and some
are varied together at random, always the same ones.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from tensorboard.compat.proto.op_def_pb2 import OpDef

from dlconv.graph.tensors import dtype_name

T = TypeVar("T")

# The element types of tensors in graphs of vision networks, the usual one first.
TYPES = (
    "float32",
    "int32",
    "bool",
    "uint8",
    "int64",
    "float16",
    "int8",
    "int16",
    "uint16",
    "float64",
)
# Kinds of values; all but the first are edges that only notes are made of.
USUAL, NOT_FINITE, LARGE, EMPTY = "usual", "not finite", "large", "empty"


class NoCaseError(Exception):
    """These choices do not go together."""


@dataclass(frozen=True)
class Input:
    """A value that a case's node reads, from a placeholder or as a constant."""

    value: np.ndarray
    is_constant: bool


@dataclass
class Draw:
    """One way to choose, by the index of each option; others are the first.

    ``domain`` gets how many options each choice had, ``attributes`` those of the node.
    """

    definition: OpDef
    chosen: Mapping[str, int] = field(default_factory=dict)
    domain: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    edge: str = USUAL
    is_wide: bool = False

    def __post_init__(self) -> None:
        seed = f"{self.definition.name} {sorted(self.chosen.items())}"
        self.random = np.random.default_rng(zlib.crc32(seed.encode()))

    def pick(self, name: str, *options: T) -> T:
        """Return one of the options."""
        self.domain[name] = len(options)
        return options[min(self.chosen.get(name, 0), len(options) - 1)]

    def attribute(self, key: str, *options: T) -> T:
        """Return one of the options as an attribute of the node."""
        found = self.pick(key, *options)
        self.attributes[key] = found
        return found

    def dtype(self, key: str = "T", *among: str) -> np.dtype[Any]:
        """Return one of the types that the definition allows, among these, for an attribute."""
        if key in self.attributes:
            return self.attributes[key]  # type: ignore[no-any-return]
        (declared,) = [each for each in self.definition.attr if each.name == key]
        allowed = {dtype_name(each) for each in declared.allowed_values.list.type}
        options = [name for name in among or TYPES if not allowed or name in allowed]
        if not options:
            raise NoCaseError
        default = dtype_name(declared.default_value.type) if declared.default_value.type else ""
        options.sort(key=lambda name: name != default)
        return self.attribute(key, *[np.dtype(name) for name in options])

    def fixed(self, key: str, value: Any) -> None:
        """Set an attribute that does not vary."""
        self.attributes[key] = value

    def values(self, dtype: np.dtype[Any], shape: Sequence[int], least: float = -9) -> np.ndarray:
        """Return random values of a type, none of them less than ``least``."""
        if self.edge == EMPTY and shape:
            shape = [0, *shape[1:]]
        if dtype.kind == "b":
            return self.random.random(shape) < 0.5
        if dtype.kind == "f":
            return self._floats(dtype, shape, least)
        low, high = max(least, 0 if dtype.kind == "u" else -9), 10
        if dtype.itemsize <= 2 and self.is_wide:
            # So that sums and products do not fit.
            low, high = max(least, np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        found = self.random.integers(int(np.ceil(low)), max(high, int(low) + 3), shape)
        if self.edge == LARGE:
            limits = np.iinfo(dtype)
            found = self.random.integers(
                max(int(limits.min), -(2**31)) if least < 0 else 1,
                min(int(limits.max), 2**31 - 1),
                shape,
                dtype=np.int64,
            )
        return np.asarray(found).astype(dtype)

    def _floats(self, dtype: np.dtype[Any], shape: Sequence[int], least: float) -> np.ndarray:
        found = np.asarray(self.random.normal(scale=2, size=shape))
        found = np.where(found < least, 2 * least - found, found)
        if self.edge == NOT_FINITE and found.size:
            flat = found.ravel()
            flat[:: max(1, flat.size // 3)] = np.nan
            flat[1 :: max(1, flat.size // 3)] = np.inf
            found = flat.reshape(found.shape)
        if self.edge == LARGE:
            found = found * 3e4
        with np.errstate(over="ignore"):
            return found.astype(dtype)

    def edges(self, *others: str) -> None:
        """Let values be usual or of other kinds."""
        self.edge = self.pick("values", USUAL, *others)

    def finish(self) -> None:
        """Vary the attributes that the maker left alone."""
        for declared in self.definition.attr:
            if declared.name in self.attributes:
                continue
            if declared.type == "type":
                self.dtype(declared.name)
            elif declared.type == "bool":
                usual = declared.default_value.b
                self.attribute(declared.name, usual, not usual)
            elif declared.type == "string" and declared.allowed_values.list.s:
                usual = declared.default_value.s.decode()
                options = [each.decode() for each in declared.allowed_values.list.s]
                options.sort(key=lambda text, usual=usual: text != usual)  # type: ignore[misc]
                self.attribute(declared.name, *options)


def every_way(
    definition: OpDef, make: Callable[[Draw], T], at_random: int
) -> Iterator[tuple[Draw, T]]:
    """Yield each case of an operation once, with the choices that make it.

    Each option alone, then ``at_random`` ways to choose several at once.
    """
    seen: set[str] = set()
    domain: dict[str, int] = {}

    def tried(chosen: Mapping[str, int]) -> Iterator[tuple[Draw, T]]:
        draw = Draw(definition, chosen)
        try:
            made = make(draw)
        except NoCaseError:
            return
        finally:
            for name, count in draw.domain.items():
                domain[name] = max(count, domain.get(name, 0))
        key = str(sorted((name, chosen.get(name, 0)) for name in draw.domain))
        if key not in seen:
            seen.add(key)
            yield draw, made

    yield from tried({})
    varied: set[tuple[str, int]] = set()
    while todo := [
        (name, index)
        for name, count in domain.items()
        for index in range(1, count)
        if (name, index) not in varied
    ]:
        for name, index in todo:
            varied.add((name, index))
            yield from tried({name: index})
    random = np.random.default_rng(zlib.crc32(definition.name.encode()))
    for _ in range(at_random):
        yield from tried(
            {
                name: int(random.integers(count))
                for name, count in domain.items()
                if random.random() < 0.35
            }
        )
