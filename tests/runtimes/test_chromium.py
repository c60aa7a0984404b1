import json
import os
import signal
import subprocess
import sys

import pytest
from support.chromium import needs_chromium
from support.processes import hear_ctrl_c, still_running
from support.waiting import SECONDS

from dlconv.runtimes import RuntimeMissingError
from dlconv.runtimes.chromium import find_chromium, open_browser, process_ids


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


@needs_chromium
def test_browsers_are_open_at_the_same_time_and_close_in_any_order():
    for first_to_close in (0, 1):
        openings = [open_browser(), open_browser()]
        browsers = [opening.__enter__() for opening in openings]
        openings[first_to_close].__exit__(None, None, None)
        left = 1 - first_to_close
        assert [browser.is_connected() for browser in browsers].index(True) == left
        assert browsers[left].new_page().evaluate("1 + 1") == 2
        openings[left].__exit__(None, None, None)


@needs_chromium
def test_a_browser_that_fails_to_start_leaves_the_others_alone(monkeypatch):
    with open_browser() as browser:
        with monkeypatch.context() as patch:
            patch.setenv("DLCONV_CHROMIUM", "/no/such/browser")
            with pytest.raises(RuntimeMissingError):
                open_browser().__enter__()
        assert browser.new_page().evaluate("1 + 1") == 2


@needs_chromium
def test_the_processes_of_a_browser_are_its_own_and_end_with_it():
    with open_browser() as browser, open_browser() as other:
        ids, others = process_ids(browser), process_ids(other)
        assert still_running(ids, 0) == ids
        assert not set(ids) & set(others)
    assert still_running([*ids, *others]) == []


@needs_chromium
def test_ctrl_c_on_a_terminal_which_the_driver_hears_too_leaves_closing_to_us():
    program = (
        "import time\n"
        "from dlconv.runtimes.chromium import open_browser, process_ids\n"
        "with open_browser() as first, open_browser() as second:\n"
        "    print([*process_ids(first), *process_ids(second)], flush=True)\n"
        "    try:\n"
        "        while True:\n"
        "            time.sleep(0.1)\n"
        "    finally:\n"
        "        time.sleep(0.5)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
        start_new_session=True,
    ) as started:
        ids = json.loads(started.stdout.readline())
        os.killpg(started.pid, signal.SIGINT)
        _, said = started.communicate(timeout=SECONDS)
    assert said.splitlines()[-1] == "KeyboardInterrupt"
    assert still_running(ids) == []
