"""The environment with the official TensorFlow.js converter, which ``make peer`` sets up."""

from pathlib import Path

import pytest

PEER = Path(__file__).parents[2] / ".venv-peer"

_skip_without_peer = pytest.mark.skipif(
    not (PEER / ".ready").exists(),
    reason="no environment with tensorflowjs (make peer; needs CPython 3.10 to 3.12)",
)


def needs_peer(test):
    """Mark a test as one for ``make test-weekly``, which sets that environment up."""
    return pytest.mark.weekly(_skip_without_peer(test))
