"""Builds what the tables of a flatbuffer are made of: texts, vectors and offsets."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any


class Tables:
    """A flatbuffer that is filled from its end; ``builder`` is flatbuffers' own.

    What is built is given as its offset. ``room`` is how many bytes it has before it has to grow.
    """

    def __init__(self, room: int) -> None:
        import flatbuffers

        self.builder: Any = flatbuffers.Builder(room)

    def text(self, text: str) -> int:
        """Build a text."""
        return int(self.builder.CreateString(text))

    def offsets(self, offsets: Iterable[int]) -> int:
        """Build a vector of what was built before."""
        return self._vector(4, list(offsets), self.builder.PrependUOffsetTRelative)

    def integers(self, items: Iterable[int]) -> int:
        """Build a vector of int32."""
        return self._vector(4, list(items), self.builder.PrependInt32)

    def long_integers(self, items: Iterable[int]) -> int:
        """Build a vector of int64."""
        return self._vector(8, list(items), self.builder.PrependInt64)

    def floats(self, items: Iterable[float]) -> int:
        """Build a vector of float32."""
        return self._vector(4, list(items), self.builder.PrependFloat32)

    def _vector(self, size: int, items: Sequence[Any], prepend: Callable[[Any], None]) -> int:
        self.builder.StartVector(size, len(items), size)
        for item in reversed(items):
            prepend(item)
        return int(self.builder.EndVector())
