"""How each command ends whose output cannot be written, and what it never repeats."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dlconv.cli import app

FULL_DISK = Path("/dev/full")
REASON = "No space left on device (hint: make room for it)"
UNWRITABLE = f"error: the output cannot be written: {REASON}\n"

needs_full_disk = pytest.mark.skipif(not FULL_DISK.exists(), reason="no /dev/full here")


def run(*arguments: str, **streams) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= streams.pop("env", {})
    command = [sys.executable, "-m", "dlconv", *arguments]
    return subprocess.run(command, text=True, env=environment, check=False, **streams)


@needs_full_disk
@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "not"])
@pytest.mark.parametrize(
    "arguments", [["models"], ["models", "--json"], ["--help"], ["models", "--help"], ["--version"]]
)
def test_a_full_disk_is_one_line(arguments, environment):
    with FULL_DISK.open("w") as full:
        answer = run(*arguments, stdout=full, stderr=subprocess.PIPE, env=environment)
    assert (answer.returncode, answer.stderr) == (1, UNWRITABLE)


@needs_full_disk
@pytest.mark.parametrize("arguments", [["models"], ["models", "nonsense"]])
def test_where_nothing_can_be_said_the_exit_code_says_it(arguments):
    with FULL_DISK.open("w") as full:
        assert run(*arguments, stdout=full, stderr=full).returncode == 1


@pytest.mark.parametrize("arguments", [["models"], ["models", "--json"]])
def test_a_reader_who_has_gone_hears_nothing(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    answer = run(*arguments, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (answer.returncode, answer.stderr) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "here", "http://me:hunter2@host/x?token=hunter2"],
        ["models", "--http://me:hunter2@host/"],
        ["http://me:hunter2@host/x?token=hunter2"],
    ],
)
def test_wrong_usage_repeats_no_password(arguments):
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 2
    assert "hunter2" not in answer.output
    assert "***@host" in answer.output


def test_commands_are_listed_in_the_order_of_the_work():
    listed = typer.main.get_command(app).list_commands(None)
    assert listed[:6] == ["models", "fetch", "inspect", "rewrite", "tfjs", "onnx"]
