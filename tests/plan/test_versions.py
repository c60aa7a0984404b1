"""The tools that a result depends on."""

from importlib.metadata import version

import pytest

import dlconv
from dlconv.plan import versions as module
from dlconv.plan.versions import versions


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of a few files in place of dlconv's own."""
    for name in ("files.py", "convert/rewrite/fold.py", "verify/page/page.js", "web/dist/run.cjs"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    versions.cache_clear()
    yield tmp_path
    versions.cache_clear()


def test_libraries_are_named_with_their_versions():
    found = versions()
    assert found["numpy"] == version("numpy")
    assert found["dlconv"].startswith(f"{dlconv.__version__} ")


@pytest.mark.parametrize("name", ["files.py", "convert/rewrite/fold.py", "web/dist/run.cjs"])
def test_the_code_that_results_come_from_counts(package, name):
    before = versions()["dlconv"]
    (package / name).write_text("changed")
    versions.cache_clear()
    assert versions()["dlconv"] != before


def test_the_page_and_what_is_not_code_do_not(package):
    before = versions()["dlconv"]
    for name in ("demo/site.py", "convert/notes.md", "convert/__pycache__/fold.pyc"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("new")
    versions.cache_clear()
    assert versions()["dlconv"] == before
