"""The environment with the official TensorFlow.js converter, which ``make peer`` sets up."""

from pathlib import Path

import pytest

PEER = Path(__file__).parents[2] / ".venv-peer"

needs_peer = pytest.mark.skipif(
    not (PEER / ".ready").exists(),
    reason="no environment with tensorflowjs (make peer; needs CPython 3.10 to 3.12)",
)
