"""Logs, warnings and prints of libraries: hidden, unless the user wants them (``--verbose``).

Secrets in the addresses that they quote are masked.
"""

import logging
from collections.abc import Callable

from dlconv.addresses import without_secrets
from dlconv.tensorflow import show_chatter

_NOWHERE = logging.NullHandler()


def hide_logs() -> None:
    """Hide logs in this process, and warnings, which Python prints by itself otherwise."""
    logging.captureWarnings(True)
    logging.getLogger().addHandler(_NOWHERE)


def show_logs() -> None:
    """Show all of them on standard error; call it before TensorFlow is imported."""
    logging.getLogger().removeHandler(_NOWHERE)
    logging.basicConfig(level=logging.DEBUG)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_hide_secrets)
    show_chatter()


def are_logs_shown() -> bool:
    """Return whether logs are shown."""
    return logging.getLogger().isEnabledFor(logging.DEBUG)


def rewrite(record: logging.LogRecord, change: Callable[[str], str]) -> bool:
    """Change the message and traceback of a record; return True, so that a filter lets it pass."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):  # a library's format does not fit its arguments
        message = f"{record.msg} {record.args}"
    record.msg, record.args = change(message), ()
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        record.exc_text = change(record.exc_text)
    return True


def _hide_secrets(record: logging.LogRecord) -> bool:
    return rewrite(record, without_secrets)
