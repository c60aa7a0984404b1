"""The error types of dlconv.

Library functions raise one of these for everything a user can cause or cure; the command line
turns them into one line, a hint and an exit code in one place (``dlconv.cli.app``). Any other
exception is a bug and keeps its traceback.

An error that a caller may want to act on has data and a code, which stays the same when the message
changes. By the code the command line finds which of its options helps (``dlconv.cli.words``): the
library itself knows no options.
"""

from typing import Any

from dlconv.addresses import without_secrets
from dlconv.terminal.printable import brief


class Advice(str):
    """A hint that several errors share, with the error code that belongs to it."""

    code: str

    def __new__(cls, text: str, code: str) -> "Advice":
        """Return the text with its code."""
        advice = super().__new__(cls, text)
        advice.code = code
        return advice


class DlconvError(Exception):
    """Something failed for a reason the user can act on.

    ``message`` says what happened in one line, ``hint`` what to do about it. Either may quote a
    file: unprintable characters are escaped, long text is shortened, and secrets in addresses are
    masked. ``code`` names the kind of error for programs, "" where it has none, and ``data`` holds
    the values that the message is about.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "", *, code: str = "", **data: Any) -> None:
        self.code = code or (hint.code if isinstance(hint, Advice) else "")
        self.data = data
        self.message = brief(without_secrets(message))
        self.hint = brief(without_secrets(hint))
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class UsageError(DlconvError):
    """The command was called in a way that cannot work, whatever the files hold."""

    exit_code = 2


def first_line(error: Exception) -> str:
    """Return the first line of an exception's message, or its class name if that is empty."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
