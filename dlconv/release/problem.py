"""A problem: what is wrong with one file of a release."""

from dataclasses import dataclass

from dlconv.terminal.printable import brief


@dataclass(frozen=True)
class Problem:
    """``path`` is the file's, from the release's folder; ``what`` says what is wrong with it."""

    path: str
    what: str

    def __str__(self) -> str:
        return brief(f"{self.path}: {self.what}")
