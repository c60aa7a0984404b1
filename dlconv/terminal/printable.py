"""Text that others wrote, made fit to be shown: names of photos, models, classes, nodes and files.

A printable text is one line in which every character shows: no terminal control codes, no marks
that change the direction of writing, no surrogates, nothing that XML or UTF-8 cannot hold. Other
characters are escaped as Python does it. Whatever leaves dlconv for people goes through
``printable``: tables, lines (``console``, ``output``), errors, Markdown, JUnit, HTML, annotations.
Data for programs, JSON, keeps names as they are.

CI systems look for commands in what is printed to standard output and error; ``harmless`` makes
those in a line ineffective.
"""

import re

MOST_CHARACTERS = 1000
# GitHub's commands are "::error::" at the beginning of a line, and "##[error]" anywhere; those of
# Azure Pipelines "##vso[...]", of TeamCity "##teamcity[...]".
COMMAND = re.compile(r"^((?:\s|\x1b\[[\d;]*m)*):(?=:)")
OLD_COMMAND = re.compile(r"##(?=\w*\[)")


def printable(text: str) -> str:
    """Return a text as one line of characters that show."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def brief(text: str) -> str:
    """Return a text as one printable line, with the middle left out if it is long."""
    if len(text) > MOST_CHARACTERS:
        text = f"{text[: MOST_CHARACTERS // 2]} ... {text[-MOST_CHARACTERS // 2 :]}"
    return printable(text)


def harmless(line: str) -> str:
    """Return a line in which no CI system finds a command."""
    return OLD_COMMAND.sub(r"#\\x23", COMMAND.sub(r"\1\\x3a", line))


def log_line(text: str) -> str:
    """Return a text as a line of a log."""
    return harmless(printable(text))
