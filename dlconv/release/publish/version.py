"""Which of two versions comes first, as Semantic Versioning orders them."""

Order = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def is_older(version: str, other: str) -> bool:
    """Return whether a version is older than another; False for others than semantic versions."""
    try:
        return _order(version) < _order(other)
    except ValueError:
        return False


def _order(version: str) -> Order:
    release, dash, preview = version.partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in release.split("."))
    return numbers, not dash, tuple(_preview_order(part) for part in preview.split("."))


def _preview_order(part: str) -> tuple[bool, int, str]:
    """Numbers come before words, and are ordered as numbers."""
    is_number = part.isdecimal()
    return not is_number, int(part) if is_number else 0, part
