"""The tests of the TypeScript, in Node.js: its own runner and type stripping, without a package."""

import subprocess
from pathlib import Path

import pytest

from dlconv.web.build import NODE

HERE = Path(__file__).parent


@pytest.mark.parametrize("folder", ["segment", "demo"])
def test_typescript(folder):
    files = sorted((HERE / folder).glob("*.test.mts"))
    assert files
    answer = subprocess.run([NODE, "--test", *files], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout
