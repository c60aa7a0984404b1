"""The names of files that a model's file says lie beside it: shards of weights, external data.

Some runtimes read such a name as a path and others as a part of an address. It is taken only if all
of them find the same file: one that lies in the same folder and whose name has no character that a
path or an address gives a meaning to.
"""

from collections.abc import Iterable

from dlconv.errors import DlconvError

LONGEST_BYTES = 255
WITH_A_MEANING = frozenset("/\\%?#:")


def is_beside(name: str) -> bool:
    """Tell whether a name is that of a file in the folder it is read in, for every runtime."""
    if not name or name.startswith(".") or not name.isprintable():
        return False
    return not WITH_A_MEANING & {*name} and len(name.encode()) <= LONGEST_BYTES


def refuse_elsewhere(names: Iterable[str], where: str) -> None:
    """Raise DlconvError for a name that is not beside; ``where`` is the naming file in errors."""
    for name in names:
        if not is_beside(name):
            raise DlconvError(f"{where} names {name!r}, which is not a file beside it")
