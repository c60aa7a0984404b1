"""The classes of a network by name, where neither its graph nor the registry says them.

They are those of a dataset, or stand in a text file, one name a line in the order of the labels. A
network whose number of classes is that of one dataset alone most likely predicts its classes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.registry.entries import Dataset

MOST_BYTES = 1_000_000
# Networks of fewer classes are as many people's own.
LEAST_TELLING = 15


def classes_for(
    word: str, datasets: Mapping[str, Dataset], folder: Path = Path()
) -> tuple[str, ...]:
    """Return the classes that a word stands for: a dataset's name, or a file's path.

    A path is relative to ``folder``. Raises DlconvError for what is neither, and for a file that is
    not text, is empty or names a class twice.
    """
    if word in datasets:
        return datasets[word].classes
    path = folder / word
    if not path.is_file():
        known = ", ".join(datasets)
        raise DlconvError(
            f"there are no classes called {word!r}, and no such file",
            f"known are {known}; or name a text file with a class on each line",
            code="no-classes",
        )
    return _listed(path)


def _listed(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DlconvError(f"{path} is not a text file in UTF-8") from error
    names = tuple(line.strip() for line in lines)
    while names and not names[-1]:
        names = names[:-1]
    return _checked(path, names, len(content))


def _checked(path: Path, names: tuple[str, ...], size: int) -> tuple[str, ...]:
    if not names or size > MOST_BYTES:
        reason = "names no class" if not names else f"is larger than {MOST_BYTES:,} bytes"
        raise DlconvError(f"{path} {reason}", "put a class on each line, in the order of labels")
    for label, name in enumerate(names):
        if not name or name in names[:label]:
            reason = f"names {name!r} twice" if name else f"has no name on line {label + 1}"
            raise DlconvError(f"{path} {reason}", "each label has a line, and a name of its own")
    return names


def dataset_of(classes: Sequence[str], datasets: Mapping[str, Dataset]) -> Dataset | None:
    """Return the dataset that has these classes."""
    same = (each for each in datasets.values() if each.classes == tuple(classes))
    return next(same, None)


def likely_dataset(count: int | None, datasets: Mapping[str, Dataset]) -> Dataset | None:
    """Return the only dataset of so many classes, if those are enough to tell."""
    if count is None or count < LEAST_TELLING:
        return None
    found = [each for each in datasets.values() if len(each.classes) == count]
    return found[0] if len(found) == 1 else None
