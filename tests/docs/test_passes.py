"""The page that teaches how to write a pass: its code runs."""

import re
from pathlib import Path

import pytest
from support.graphs import tiny_segmenter
from support.running import ops, result_of

PAGE = Path(__file__).parents[2] / "docs" / "passes.md"


@pytest.fixture(scope="module")
def names():
    """What the page's blocks of Python define, one after another."""
    defined = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), defined)
    return defined


def test_the_tests_of_the_page_pass(names):
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()


def test_the_pipelines_of_the_page_run(names):
    assert "Identity" in ops(tiny_segmenter())
    assert "Identity" not in ops(result_of(names["longer"], tiny_segmenter()))


def test_the_files_that_the_page_names_are_there():
    for name in re.findall(r"`(dlconv/[\w/.]+)`", PAGE.read_text()):
        assert (PAGE.parents[1] / name).exists(), name
