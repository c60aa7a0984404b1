"""The public face: it loads quickly, has what it says, and its examples run as they stand."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
from support.sample import TARBALL

import dlconv
from dlconv import api

# Examples build on what those before them made.
ORDER = [
    "models",
    "fetch",
    "find",
    "opened",
    "inspect",
    "compare",
    "overlay",
    "write_event",
    "rewrite",
    "convert",
    "photos",
    "verify",
    "bisect",
    "bench",
    "demo",
    "export",
    "pack",
    "check",
    "card",
    "shipments",
    "publish",
    "init",
    "preview",
    "schema",
]
WITHOUT_AN_EXAMPLE = {"build", "doctor", "make_again", "sign", "upgrade"}


def test_importing_it_loads_nothing_heavy():
    program = "import sys; from dlconv import api; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    roots = {name.partition(".")[0] for name in loaded}
    assert not roots & {"tensorflow", "tensorboard", "numpy", "pydantic", "onnx", "requests"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'convertt'"):
        api.convertt  # noqa: B018


def test_its_names_are_those_that_it_lists():
    assert set(dir(api)) == set(api.__all__)
    for name in api.__all__:
        assert getattr(api, name).__doc__


def test_the_names_do_not_stand_in_dlconv_itself():
    assert not [name for name in api.__all__ if callable(vars(dlconv).get(name))]


def test_each_function_has_an_example_or_says_why_not():
    functions = {name for name in api.__all__ if callable(getattr(api, name)) and name.islower()}
    assert functions == {*ORDER} | WITHOUT_AN_EXAMPLE


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"api": api, "Path": Path, "folder": tmp_path, "TARBALL": TARBALL}
    runner = doctest.DocTestRunner()
    examples = 0
    for name in ORDER:
        text = getattr(api, name).__doc__
        test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
        assert test.examples, name
        runner.run(test, clear_globs=False)
        names.update(test.globs)
        examples += len(test.examples)
    assert runner.summarize(verbose=False) == (0, examples)
