"""Windows that slide over an image, and how far they reach over its border.

TensorFlow's padding SAME has a window begin at every stride-th element, and pads one more behind
than before where it cannot pad evenly. How much that is depends on the image's size, unless the
stride is 1 or the sizes of window and stride make up for it. Where the size is not known, ONNX pads
in the same way itself (``SAME_UPPER``); ONNX Runtime fails to if a window is dilated, and if
elements are left over behind the last window, which are therefore taken away beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlconv.convert.targets.onnx.builder import Builder
from dlconv.convert.targets.onnx.operation import Operation
from dlconv.convert.targets.onnx.snippets import (
    TO_THE_END,
    Size,
    computed,
    extent_of,
    padded,
    vector,
)
from dlconv.convert.targets.onnx.tensors import Tensor

# What is added before and behind.
Border = tuple[Size, Size]


@dataclass(frozen=True)
class Windows:
    """Windows along each axis of an image with channels first, but for batch and channels.

    A window holds ``sizes`` elements, every ``rates``-th of the image, and one begins at every
    ``strides``-th.
    """

    sizes: Sequence[Size]
    strides: Sequence[int]
    rates: Sequence[int]

    @property
    def is_dilated(self) -> bool:
        """Whether a window leaves elements out."""
        return any(rate != 1 for rate in self.rates)

    def spans(self, builder: Builder) -> list[Size]:
        """Return how many elements of the image a window spans along each axis."""
        return [
            _span(builder, size, rate) for size, rate in zip(self.sizes, self.rates, strict=True)
        ]


def _span(builder: Builder, size: Size, rate: int) -> Size:
    if rate == 1:
        return size
    return computed(builder, "Add", computed(builder, "Mul", size, rate), 1 - rate)


def windows_of(operation: Operation, sizes: Sequence[Size], rates: str = "dilations") -> Windows:
    """Return windows with a node's strides and rates. Raises DlconvError if it steps over images.

    ``rates`` is the attribute that they are in.
    """
    ones = [1] * (len(sizes) + 2)
    strides, apart = (operation.integers(key) or ones for key in ("strides", rates))
    return Windows(sizes, spatial(operation, strides), spatial(operation, apart))


def spatial(operation: Operation, given: Sequence[int]) -> list[int]:
    """Return what is given for the axes besides batch and channels.

    Raises DlconvError if it is not 1 for these.
    """
    channels = len(given) - 1 if operation.has_channels_last else 1
    if len(given) < 3 or given[0] != 1 or given[channels] != 1:
        raise operation.refused("its windows slide over batch or channels")
    return [each for axis, each in enumerate(given) if axis not in (0, channels)]


def framed(
    operation: Operation, image: Tensor, windows: Windows
) -> tuple[Tensor, dict[str, object]]:
    """Return an image for a node with windows, and the attributes that say how that pads it.

    Only for dilated windows over an image of unknown size is it padded beforehand, with zeros.
    Raises DlconvError for a padding of no known kind, or an image smaller than a window.
    """
    builder = operation.builder
    known = _known_borders(operation, image, windows)
    if known is not None:
        return image, pads_of(known)
    if windows.is_dilated:
        return bordered(operation, image, windows, 0), {}
    return _without_rest(builder, image, windows), {"auto_pad": "SAME_UPPER"}


def bordered(operation: Operation, image: Tensor, windows: Windows, filler: float) -> Tensor:
    """Return an image padded with ``filler`` as a node's windows need it.

    Raises DlconvError for a padding of no known kind, or an image smaller than a window.
    """
    builder = operation.builder
    borders: Sequence[Border] | None = _known_borders(operation, image, windows)
    if borders is None:
        axes = range(2, image.rank)
        extents = [extent_of(builder, image, axis) for axis in axes]
        borders = [
            _same_border(builder, *along)
            for along in zip(extents, windows.spans(builder), windows.strides, strict=True)
        ]
    return padded(builder, image, [(0, 0), (0, 0), *borders], builder.like(image, filler))


def _known_borders(
    operation: Operation, image: Tensor, windows: Windows
) -> list[tuple[int, int]] | None:
    """Return how much is padded; None if it is not known yet."""
    extents = list((image.shape or ())[2:])
    spans = windows.spans(operation.builder)
    found = stated_borders(operation, len(extents))
    if found is None:
        along = zip(extents, spans, windows.strides, strict=True)
        each = [_known_same_border(*axis) for axis in along]
        found = [pair for pair in each if pair is not None]
        return found if len(found) == len(each) else None
    for extent, span, pair in zip(extents, spans, found, strict=True):
        if isinstance(extent, int) and isinstance(span, int) and extent + sum(pair) < span:
            raise operation.refused("the image is smaller than its window")
    return found


def stated_borders(operation: Operation, count: int) -> list[tuple[int, int]] | None:
    """Return how much a node says to pad along ``count`` axes; None for SAME.

    Raises DlconvError for a padding of no known kind.
    """
    kind = operation.text("padding")
    if kind == "SAME":
        return None
    if kind == "VALID":
        return [(0, 0)] * count
    if kind != "EXPLICIT":
        raise operation.refused(f"it pads {kind or 'in no way that is known'}")
    pairs = np.reshape(operation.integers("explicit_paddings"), (-1, 2)).tolist()
    channels = len(pairs) - 1 if operation.has_channels_last else 1
    if len(pairs) != count + 2 or any(pairs[0]) or any(pairs[channels]):
        raise operation.refused("it pads batch or channels")
    return [(int(a), int(b)) for k, (a, b) in enumerate(pairs) if k not in (0, channels)]


def _known_same_border(extent: object, span: Size, stride: int) -> tuple[int, int] | None:
    if not isinstance(span, int):
        return None
    if isinstance(extent, int):
        total = max(-(-extent // stride) * stride - stride + span - extent, 0)
        return total // 2, total - total // 2
    before = same_before_any(span, stride)
    return None if before is None else (before, span - 1 - before)


def same_before_any(span: int, stride: int) -> int | None:
    """Return how much SAME pads before an image of whatever size; None if that depends on it."""
    least, most = max(span - stride, 0), span - 1
    return most // 2 if most // 2 == least // 2 else None


def _same_border(builder: Builder, extent: Size, span: Size, stride: int) -> Border:
    known = _known_same_border(extent, span, stride)
    if known is not None:
        return known
    reach = _reach(builder, extent, span, stride)
    total = computed(builder, "Max", computed(builder, "Sub", reach, extent), 0)
    before = computed(builder, "Div", total, 2)
    return before, computed(builder, "Sub", total, before)


def _reach(builder: Builder, extent: Size, span: Size, stride: int) -> Size:
    """Return where the last window of SAME ends if the first begins with the image."""
    steps = computed(builder, "Div", computed(builder, "Sub", extent, 1), stride)
    return computed(builder, "Add", computed(builder, "Mul", steps, stride), span)


def pads_of(pairs: Sequence[tuple[int, int]]) -> dict[str, object]:
    """Return the attribute of a node that pads itself."""
    if not any(map(any, pairs)):
        return {}
    return {"pads": [before for before, _ in pairs] + [behind for _, behind in pairs]}


def _without_rest(builder: Builder, image: Tensor, windows: Windows) -> Tensor:
    """Return an image without what is behind its last window."""
    along = zip(range(2, image.rank), windows.sizes, windows.strides, strict=True)
    ends = {
        axis: _reach(builder, extent_of(builder, image, axis), size, stride)
        for axis, size, stride in along
        if not isinstance(size, int) or size < stride
    }
    return cut(builder, image, {axis: (0, end) for axis, end in ends.items()})


def cut(builder: Builder, image: Tensor, parts: "dict[int, tuple[Size, Size]]") -> Tensor:
    """Return the parts of an image from one size to another, by axis."""
    if not parts:
        return image
    starts, ends = (vector(builder, [part[k] for part in parts.values()]) for k in (0, 1))
    return builder.node("Slice", image, starts, ends, builder.integers(*parts))


def taps(
    builder: Builder, image: Tensor, axis: int, size: int, stride: int, rate: int
) -> list[Tensor]:
    """Return what each element of the windows along one axis meets of a padded image."""
    last = (size - 1) * rate
    ends = [first - last or TO_THE_END for first in range(0, last + 1, rate)]
    return [
        builder.node("Slice", image, *(builder.integers(k) for k in (first, end, axis, stride)))
        for first, end in zip(range(0, last + 1, rate), ends, strict=True)
    ]
