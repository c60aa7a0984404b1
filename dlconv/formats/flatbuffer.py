"""Flatbuffers of strangers, read so that no offset, length or count in them is trusted.

A flatbuffer is tables that refer to each other by offsets (flatbuffers.dev, "Internals"), and the
generated accessors follow any of them: outside of the file, in circles, or to vectors of gigabytes.
Here they get a table that checks every step before it is taken. What a file can make a reader do is
bounded, too: parts that are reached several times count each time, and a file whose parts come to
more than twice its size, or that has more tables than LiteRT accepts, is refused.
"""

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
from flatbuffers import encode, packer
from flatbuffers.number_types import Int32Flags, to_numpy_type
from flatbuffers.table import Table

from dlconv.errors import DlconvError

OFFSET_BYTES = 4
LEAST_VTABLE_BYTES = 4
# The most that LiteRT reads: max_tables of the verifier in flatbuffers.
MOST_TABLES = 1_000_000
MOST_REACHED = 2


class Flatbuffer:
    """The bytes of a flatbuffer, and how much of them may still be read.

    ``name`` is the file in errors. Everything raises DlconvError, of one line, for bytes that are
    not a whole flatbuffer.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.content = content
        self.name = name
        self._tables_left = MOST_TABLES
        self._bytes_left = MOST_REACHED * len(content)

    def root(self, kind: Any) -> Any:
        """Return the outermost table as an accessor of this kind."""
        self.need(0, 2 * OFFSET_BYTES)
        return self.at(kind, self.offset_at(0))

    def at(self, kind: Any, position: int) -> Any:
        """Return the table at a position as an accessor of this kind."""
        accessor = kind()
        accessor._tab = _CheckedTable(self, position)
        return accessor

    def tables(self, parent: Any, field: str) -> Iterator[Any]:
        """Yield the tables in a vector, the field of an accessor."""
        count = getattr(parent, f"{field}Length")()
        self.spend(count * OFFSET_BYTES)
        get = getattr(parent, field)
        for number in range(count):
            yield self._checked(get(number))

    def table(self, parent: Any, field: str) -> Any:
        """Return the table that is a field of an accessor; None where it is left out."""
        found = getattr(parent, field)()
        return None if found is None else self._checked(found)

    def _checked(self, accessor: Any) -> Any:
        accessor._tab = _CheckedTable(self, accessor._tab.Pos)
        return accessor

    def text(self, parent: Any, field: str) -> str:
        """Return the text that is a field of an accessor, empty where it is left out."""
        return self.decoded(getattr(parent, field)() or b"")

    def decoded(self, text: bytes) -> str:
        """Return bytes of the file as text."""
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise DlconvError(f"{self.name} has names that are not UTF-8") from error

    def numbers(self, parent: Any, field: str) -> np.ndarray:
        """Return the numbers that are a field of an accessor, [n], a view of the file."""
        found = getattr(parent, f"{field}AsNumpy")()
        return found if isinstance(found, np.ndarray) else np.empty(0, np.uint8)

    def int32(self, parent: Any, field: int) -> int:
        """Return the int32 that is a field, by its place in the vtable, 0 where it is left out."""
        place = parent._tab.Offset(field)
        return int(parent._tab.Get(Int32Flags, parent._tab.Pos + place)) if place else 0

    def offset_at(self, position: int) -> int:
        """Return the position that the offset at a position refers to."""
        self.need(position, OFFSET_BYTES)
        target = position + int(encode.Get(packer.uoffset, self.content, position))
        self.need(target, OFFSET_BYTES)
        return target

    def need(self, start: int, size: int) -> None:
        """Raise DlconvError unless so many bytes from ``start`` on are in the file."""
        if start < 0 or start + size > len(self.content):
            self.refuse("it is truncated, or an offset points outside of it")

    def spend(self, size: int) -> None:
        """Raise DlconvError if so many bytes are more than may still be read."""
        self._bytes_left -= size
        if self._bytes_left < 0:
            self.refuse("it says that it holds more than its bytes")

    def spend_table(self) -> None:
        """Raise DlconvError if there are too many tables."""
        self._tables_left -= 1
        if self._tables_left < 0:
            self.refuse(f"it has more than {MOST_TABLES:,} tables")
        self.spend(OFFSET_BYTES)

    def refuse(self, why: str) -> NoReturn:
        """Raise DlconvError for a file that is damaged."""
        raise DlconvError(f"{self.name} is damaged: {why}")


class _CheckedTable(Table):  # type: ignore[misc]
    """A table whose accessors stay in the file; the methods are those that accessors call."""

    __slots__ = ("_file", "_size", "_vtable", "_vtable_size")

    def __init__(self, file: Flatbuffer, position: int) -> None:
        file.need(position, OFFSET_BYTES)
        file.spend_table()
        super().__init__(file.content, position)
        self._file = file
        self._vtable = position - int(encode.Get(packer.soffset, file.content, position))
        file.need(self._vtable, LEAST_VTABLE_BYTES)
        self._vtable_size, self._size = (
            int(encode.Get(packer.voffset, file.content, self._vtable + place)) for place in (0, 2)
        )
        file.need(self._vtable, self._vtable_size)
        file.need(position, self._size)
        if min(self._vtable_size, self._size) < LEAST_VTABLE_BYTES or self._vtable_size % 2:
            file.refuse("one of its tables has no fields that can be")

    def Offset(self, vtableOffset: int) -> int:
        """Return where a field is in the table, 0 for one that is left out."""
        if vtableOffset >= self._vtable_size:
            return 0
        found = int(encode.Get(packer.voffset, self.Bytes, self._vtable + vtableOffset))
        if found and not OFFSET_BYTES <= found < self._size:
            self._file.refuse("a field lies outside of its table")
        return found

    def Get(self, flags: Any, off: int) -> Any:
        """Return the number at a position."""
        self._file.need(off, flags.bytewidth)
        return super().Get(flags, off)

    def Indirect(self, off: int) -> int:
        """Return the position that an offset refers to."""
        return self._file.offset_at(off)

    def String(self, off: int) -> bytes:
        """Return the text that the offset at a position refers to."""
        start = self._file.offset_at(off)
        length = int(encode.Get(packer.uoffset, self.Bytes, start))
        return bytes(self._view(start, length))

    def VectorLen(self, off: int) -> int:
        """Return how many elements a field has, which is a vector."""
        return int(encode.Get(packer.uoffset, self.Bytes, self.Indirect(self.Pos + off)))

    def Vector(self, off: int) -> int:
        """Return where the elements of a field begin."""
        return self.Indirect(self.Pos + off) + OFFSET_BYTES

    def GetVectorAsNumpy(self, flags: Any, off: int) -> np.ndarray:
        """Return the numbers of a field, a view of the file."""
        dtype = np.dtype(to_numpy_type(flags)).newbyteorder("<")
        length = self.VectorLen(off) * dtype.itemsize
        found: np.ndarray = self._view(self.Vector(off) - OFFSET_BYTES, length).view(dtype)
        return found

    def Union(self, t2: Table, off: int) -> None:
        """Let a table be the one that a field refers to."""
        t2.Pos = self.Indirect(self.Pos + off)
        t2.Bytes = self.Bytes

    def _view(self, start: int, length: int) -> np.ndarray:
        """Return so many bytes behind the length of a vector or text."""
        self._file.need(start + OFFSET_BYTES, length)
        self._file.spend(OFFSET_BYTES + length)
        return np.frombuffer(self.Bytes, np.uint8, length, start + OFFSET_BYTES)
