"""The page that teaches how to write an operation as ONNX: its code runs."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture(scope="module")
def names():
    """What the page's blocks of Python define, one after another."""
    defined = {"__name__": "docs.operations"}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), defined)
    return defined


def test_the_test_of_the_page_passes(names):
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test()


def test_the_folders_and_files_that_the_page_names_are_there():
    named = re.findall(r"`([\w/]+\.py|dlconv/[\w/.]+|\w+/)`", PAGE.read_text())
    room = PAGE.parents[1] / "dlconv" / "convert" / "targets" / "onnx"
    assert len(named) > 5
    for name in named:
        assert (PAGE.parents[1] / name).exists() or (room / name).exists(), name
