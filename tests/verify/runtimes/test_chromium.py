import pytest

from dlconv.verify.runtimes import RuntimeMissingError
from dlconv.verify.runtimes.chromium import find_chromium, open_browser


def test_a_browser_that_is_named_is_the_one(monkeypatch, tmp_path):
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("DLCONV_CHROMIUM", str(program))
    assert find_chromium() == program


def test_a_name_of_no_program_is_told_in_one_line(monkeypatch):
    monkeypatch.setenv("DLCONV_CHROMIUM", "/no/such/browser")
    with pytest.raises(RuntimeMissingError, match="DLCONV_CHROMIUM=/no/such/browser is no program"):
        find_chromium()


def test_a_browser_that_does_not_start_says_what_to_install(monkeypatch, tmp_path):
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("DLCONV_CHROMIUM", str(program))
    with pytest.raises(RuntimeMissingError, match="Chromium does not start") as raised:
        open_browser().__enter__()
    assert "\n" not in raised.value.message
    assert "install" in raised.value.hint
