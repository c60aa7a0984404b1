"""The weights of a TF.js graph model: a manifest, and the shards that hold them.

The manifest is a list of groups. The bytes of a group's shards, files beside the manifest, are
those of its weights, one after another, little-endian. Quantized weights are codes, uint8 or uint16
with value = code * scale + min, or float16. The manifest is checked before it is used.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from dlconv.errors import DlconvError
from dlconv.formats.beside import refuse_elsewhere

READABLE = frozenset({"float32", "float16", "int32", "uint16", "uint8", "bool"})

Shape = Annotated[tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...], Field(max_length=8)]
Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class Encoding:
    """How codes stand for values; float16 has neither ``min`` nor ``scale``."""

    dtype: str
    min: Number | None = None
    scale: Number | None = None


@dataclass(frozen=True)
class Weight:
    """A tensor: its name, its shape and its element type once it is loaded."""

    name: str
    shape: Shape
    dtype: str
    quantization: Encoding | None = None

    @property
    def stored_dtype(self) -> str:
        """The element type in the shards."""
        return self.dtype if self.quantization is None else self.quantization.dtype

    @property
    def is_readable(self) -> bool:
        """Whether its element types have a fixed size."""
        return {self.stored_dtype, self.dtype} <= READABLE

    @property
    def bytes(self) -> int:
        """The bytes in the shards. Raises DlconvError for an element type without a fixed size."""
        if not self.is_readable:
            raise DlconvError(f"the weight {self.name} is {self.dtype}, which dlconv cannot read")
        return math.prod(self.shape) * np.dtype(self.stored_dtype).itemsize

    def values(self, content: memoryview) -> np.ndarray:
        """Return the elements that a reader gets from what is stored, [elements] of ``dtype``."""
        codes = np.frombuffer(content, np.dtype(self.stored_dtype).newbyteorder("<"))
        if self.quantization is None or self.stored_dtype == "float16":
            return codes.astype(self.dtype)
        if self.quantization.scale is None or self.quantization.min is None:
            raise DlconvError(f"the weight {self.name} is quantized without min and scale")
        numbers = codes * self.quantization.scale + self.quantization.min
        if self.dtype != "float32":
            numbers = np.floor(numbers + 0.5)
        with np.errstate(all="ignore"):
            return numbers.astype(self.dtype)


@dataclass(frozen=True)
class Group:
    """Shards, by the names of their files, and the weights that they hold."""

    paths: tuple[str, ...]
    weights: tuple[Weight, ...]


def parse_groups(content: Any, name: str) -> tuple[Group, ...]:
    """Check a manifest, parsed from JSON; ``name`` is what errors call it.

    Raises DlconvError when it is invalid, names a file outside its folder, or a shard or a weight
    twice.
    """
    try:
        groups: tuple[Group, ...] = TypeAdapter(tuple[Group, ...]).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise DlconvError(f"{name} is not a weights manifest: {where}: {first['msg']}") from error
    paths = shards_of(groups)
    refuse_elsewhere(paths, name)
    _refuse_twice(paths, name)
    _refuse_twice([weight.name for group in groups for weight in group.weights], name)
    return groups


def shards_of(groups: Sequence[Group]) -> tuple[str, ...]:
    """Return the names of all shards, in their order."""
    return tuple(path for group in groups for path in group.paths)


def _refuse_twice(names: Sequence[str], where: str) -> None:
    for name, count in Counter(names).most_common(1):
        if count > 1:
            raise DlconvError(f"{where} names {name} twice")


def stored_floats(groups: Sequence[Group]) -> frozenset[str]:
    """Return the element types in the shards of weights that are float32 once loaded."""
    weights = [weight for group in groups for weight in group.weights]
    floats = [weight for weight in weights if weight.dtype in ("float32", "float16")]
    return frozenset(weight.stored_dtype for weight in floats)


def read_weights(groups: Sequence[Group], directory: Path) -> dict[str, np.ndarray]:
    """Return the elements of all weights by name, each [elements].

    Raises DlconvError for shards that are missing or not of the size that their weights take.
    """
    values: dict[str, np.ndarray] = {}
    for group in groups:
        content = memoryview(_read_shards(group, directory))
        start = 0
        for weight in group.weights:
            values[weight.name] = weight.values(content[start : start + weight.bytes])
            start += weight.bytes
    return values


def check_shards(groups: Sequence[Group], directory: Path) -> None:
    """Check the sizes of shards, except those with element types without a fixed size.

    Raises DlconvError for shards that are missing or not of the size that their weights take.
    """
    for group in groups:
        if all(weight.is_readable for weight in group.weights):
            with _reading():
                _check_size(group, directory)


def _read_shards(group: Group, directory: Path) -> bytes:
    with _reading():
        _check_size(group, directory)
        return b"".join((directory / name).read_bytes() for name in group.paths)


def _check_size(group: Group, directory: Path) -> None:
    needed = sum(weight.bytes for weight in group.weights)
    found = sum((directory / name).stat().st_size for name in group.paths)
    if found != needed:
        named = ", ".join(group.paths[:3]) + (", ..." if len(group.paths) > 3 else "")
        raise DlconvError(
            f"the shards in {directory} ({named}) hold {found:,} bytes, their weights take "
            f"{needed:,}"
        )


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DlconvError(f"cannot read {error.filename}: {error.strerror}") from error
