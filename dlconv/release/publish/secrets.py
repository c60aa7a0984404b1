"""Secrets come from the environment, and nothing that is raised or logged shows them."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from dlconv.addresses import MASK
from dlconv.errors import DlconvError
from dlconv.logs import rewrite

NAMES = re.compile(r".*(TOKEN|SECRET|PASS|PASSWORD|KEY|KEY_ID|CREDENTIALS|CONNECTION_STRING)")
LEAST_CHARACTERS = 8


def secret(name: str, what: str) -> str:
    """Return a secret of the environment. Raises DlconvError where it is not set."""
    value = os.environ.get(name, "")
    if not value:
        raise DlconvError(f"{name} is not set", f"set it to {what}")
    return value


def masked(text: str) -> str:
    """Return a text without the values of the environment's secrets."""
    values = {
        value
        for name, value in os.environ.items()
        if NAMES.fullmatch(name.upper()) and len(value) >= LEAST_CHARACTERS
    }
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


@contextmanager
def hidden_secrets() -> Iterator[None]:
    """Keep secrets out of what the block logs, and out of the DlconvErrors it raises."""
    handlers = logging.getLogger().handlers
    for handler in handlers:
        handler.addFilter(_mask)
    try:
        yield
    except DlconvError as error:
        error.message, error.hint = masked(error.message), masked(error.hint)
        raise
    finally:
        for handler in handlers:
            handler.removeFilter(_mask)


def _mask(record: logging.LogRecord) -> bool:
    return rewrite(record, masked)
