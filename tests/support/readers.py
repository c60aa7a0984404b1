"""The environment with other readers of ONNX files, which ``make readers`` sets up."""

from pathlib import Path

import pytest

READERS = Path(__file__).parents[2] / ".venv-readers"
PYTHON = READERS / "bin" / "python"

_skip_without_readers = pytest.mark.skipif(
    not (READERS / ".ready").exists(),
    reason="no environment with OpenCV and OpenVINO (make readers)",
)


def needs_readers(test):
    """Mark a test as one for ``make test-weekly``, which sets that environment up."""
    return pytest.mark.weekly(_skip_without_readers(test))
