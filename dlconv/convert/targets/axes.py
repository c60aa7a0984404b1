"""The two orders of the axes of an image: channels last, as TensorFlow has them, and first."""


def to_first(rank: int) -> tuple[int, ...]:
    """Return the permutation that moves the last of ``rank`` axes behind the first one."""
    return tuple(range(rank)) if rank < 3 else (0, rank - 1, *range(1, rank - 1))


def to_last(rank: int) -> tuple[int, ...]:
    """Return the permutation that moves the second of ``rank`` axes to the end."""
    return tuple(range(rank)) if rank < 3 else (0, *range(2, rank), 1)
