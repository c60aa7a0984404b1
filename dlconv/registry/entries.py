"""What the registry knows: datasets, and the models that predict their classes.

A ``Model`` is one entry of a registry: where its tarball is, what the tarball and the frozen graph
in it have to be, and what is published about it. It is data; nothing here reads or fetches.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from dlconv.storage.digests import STRONG

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


@dataclass(frozen=True)
class Dataset:
    """Classes by id, their colours, and the ground-truth label that scores ignore.

    ``terms`` says in a sentence what the data may be used for, and where its terms are.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    colours: tuple[Colour, ...]
    ignore_label: int | None = None
    terms: str = ""


@dataclass(frozen=True)
class Figure:
    """A published mIoU in percent and the protocol it was measured by."""

    percent: Annotated[float, Field(strict=True, ge=0, le=100)]
    protocol: str


@dataclass(frozen=True)
class Model:
    """One entry of a registry. Sizes are bytes, digests hex by algorithm, the crop [height, width].

    ``tarball_about`` is a rounded size for display; nothing is checked against it.
    """

    name: str
    url: str
    dataset: Dataset
    crop: tuple[int, int]
    licence: str
    tarball_bytes: int | None = None
    tarball_about: str = ""
    tarball_digests: Mapping[str, str] = field(default_factory=dict)
    graph_bytes: int | None = None
    graph_digests: Mapping[str, str] = field(default_factory=dict)
    miou: tuple[Figure, ...] = ()
    note: str = ""
    photos: str = ""

    @property
    def is_pinned(self) -> bool:
        """Whether a strong digest of the tarball or the graph is known."""
        return bool(STRONG & {*self.tarball_digests, *self.graph_digests})


def voc_colours(count: int) -> tuple[Colour, ...]:
    """Return the first ``count`` colours of PASCAL VOC's bit-shuffle palette.

    >>> voc_colours(3)
    ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    """
    return tuple(_voc_colour(label) for label in range(count))


def _voc_colour(label: int) -> Colour:
    def channel(first_bit: int) -> int:
        bits = ((label >> (first_bit + 3 * place)) & 1 for place in range(8))
        return sum(bit << (7 - place) for place, bit in enumerate(bits))

    return channel(0), channel(1), channel(2)
