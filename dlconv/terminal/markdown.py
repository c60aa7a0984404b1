"""Markdown: text that shows as it is, links, tables and commands."""

import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import quote

from dlconv.terminal.printable import log_line, printable

# The marks of Markdown and HTML: underscores not within words, and some only where a line begins.
# GitHub has formulas between dollars, and CI systems take lines that begin with :: for commands.
MARKS = r"[\\`*<\[&~$]|\b_|_\b|(?<=_)_|^[#+=>:-]"
# GitHub makes links of bare addresses, too.
MARKS_OF_ADDRESSES = r":(?=//)|(?<=www)\."
NUMBERED = re.compile(r"^(\d{1,9})([.)])(?= |$)")


def escaped(text: str, with_links: bool = False) -> str:
    """Return text as one line that is shown as it is, in a cell of a table, too.

    Addresses become links only ``with_links``, which is for sentences, and not for names.
    """
    one_line = printable(" ".join(text.split()))
    marks = MARKS if with_links else f"{MARKS}|{MARKS_OF_ADDRESSES}"
    unmarked = re.sub(marks, r"\\\g<0>", one_line).replace("|", "&#124;")
    return NUMBERED.sub(r"\1\\\2", unmarked)


def link(text: str, path: str) -> str:
    """Return a link to a path, relative to the document."""
    label = escaped(text).replace("]", r"\]")
    return f"[{label}]({quote(path)})"


def shell(commands: Iterable[Sequence[str]]) -> str:
    """Return commands as a block of code, each word quoted for a shell."""
    return "\n".join(["```sh", *(log_line(shlex.join(words)) for words in commands), "```"])


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ()
) -> str:
    """Return a table of cells that are Markdown; columns in ``right`` have numbers."""
    rules = ["---:" if name in right else "---" for name in columns]
    return "\n".join(map(_row, [columns, rules, *rows]))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
