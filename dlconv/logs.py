"""What libraries log and print: kept back, unless somebody asks to see it (``--verbose``)."""

import logging

from dlconv.tensorflow import show_chatter


def show_logs() -> None:
    """Show all of it, on standard error; call it before TensorFlow is imported."""
    logging.basicConfig(level=logging.DEBUG)
    show_chatter()


def are_logs_shown() -> bool:
    """Return whether somebody asked to see it."""
    return logging.getLogger().isEnabledFor(logging.DEBUG)
