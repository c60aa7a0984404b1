"""What libraries log, warn of and print: kept back, unless somebody asks to see it (``--verbose``).

Addresses in it are shown without what lets somebody in.
"""

import logging
from collections.abc import Callable

from dlconv.addresses import without_secrets
from dlconv.tensorflow import show_chatter

_NOWHERE = logging.NullHandler()


def hide_logs() -> None:
    """Keep all of it back, in this process; warnings too, which Python prints elsewhere."""
    logging.captureWarnings(True)
    logging.getLogger().addHandler(_NOWHERE)


def show_logs() -> None:
    """Show all of it, on standard error; call it before TensorFlow is imported."""
    logging.getLogger().removeHandler(_NOWHERE)
    logging.basicConfig(level=logging.DEBUG)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_hide_secrets)
    show_chatter()


def are_logs_shown() -> bool:
    """Return whether somebody asked to see it."""
    return logging.getLogger().isEnabledFor(logging.DEBUG)


def rewrite(record: logging.LogRecord, change: Callable[[str], str]) -> bool:
    """Change what a record says, its traceback too; True, as a filter says that it is logged."""
    try:
        said = record.getMessage()
    except (TypeError, ValueError, KeyError):  # words and arguments of a library that do not fit
        said = f"{record.msg} {record.args}"
    record.msg, record.args = change(said), ()
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        record.exc_text = change(record.exc_text)
    return True


def _hide_secrets(record: logging.LogRecord) -> bool:
    return rewrite(record, without_secrets)
