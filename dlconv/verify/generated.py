"""An input that is generated for one run of a graph: an image where it takes images, else noise."""

import numpy as np

from dlconv.convert.quantize.synthetic import synthetic_images
from dlconv.graph.contract import Contract, TensorSpec, has_channels_first

# Sizes, height and width, for an input that leaves them free: odd, and for graphs that halve it.
SIZES = ((65, 97), (64, 96))
COLOURS = 3


def shapes_of(contract: Contract) -> list[tuple[int, ...]]:
    """Return the shapes to try, one or more: small ones within the crop, then of the crop's size.

    Extents that the input fixes are as they are.
    """
    sizes = [*SIZES, contract.crop] if contract.crop else SIZES
    return list(dict.fromkeys(_shape(contract, size) for size in sizes))


def _shape(contract: Contract, size: tuple[int, int]) -> tuple[int, ...]:
    spec = contract.input
    extents = spec.shape if spec.shape is not None else (1, None, None, COLOURS)
    height, width = (min(pair) for pair in zip(size, contract.crop or size, strict=True))
    free: tuple[int, ...] = (1,) * len(extents)
    if len(extents) in (3, 4):
        free = (1, height, width, COLOURS)[-len(extents) :]
    if has_channels_first(spec):
        free = (1, COLOURS, height, width)
    return tuple(other if own is None else own for own, other in zip(extents, free, strict=True))


def generated(shape: tuple[int, ...], spec: TensorSpec) -> np.ndarray:
    """Return an input of a shape, of the type of ``spec``, 0 to 255: the same each time.

    Images in three colours show dead leaves.
    """
    if has_channels_first(spec):
        return _leaves(shape[0], (shape[2], shape[3])).transpose(0, 3, 1, 2).astype(spec.dtype)
    if len(shape) in (3, 4) and shape[-1] == COLOURS:
        count = shape[0] if len(shape) == 4 else 1
        return _leaves(count, (shape[-3], shape[-2])).reshape(shape).astype(spec.dtype)
    return np.random.default_rng(0).integers(0, 256, shape).astype(spec.dtype)


def _leaves(count: int, size: tuple[int, int]) -> np.ndarray:
    return np.concatenate(synthetic_images(size, count))
