"""``dlconv demo``, started as a person does."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from support.processes import hear_ctrl_c
from support.waiting import SECONDS
from typer.testing import CliRunner

from dlconv.cli import app


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(artifacts, stop):
    process = subprocess.Popen(
        [sys.executable, "-m", "dlconv", "demo", artifacts[0].directory, "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    try:
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address), process.stderr.read()
        with urllib.request.urlopen(f"{address}artifacts.json") as answer:
            assert len(json.load(answer)["artifacts"]) == 1
        process.send_signal(stop)
        assert process.wait(timeout=SECONDS) == 0
        assert process.stderr.read().endswith("Ctrl-C stops it\n")
    finally:
        process.kill()
        process.wait()


def test_a_taken_port_is_said_before_anything_is_checked(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = CliRunner().invoke(app, ["demo", str(tmp_path / "gone"), "--port", port])
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"error: nothing can be served at port {port}")


def test_it_exports(artifacts, tmp_path):
    folder = tmp_path / "site"
    answer = CliRunner().invoke(
        app, ["demo", str(artifacts[2].directory), "--export", str(folder), "--json"]
    )
    assert answer.exit_code == 0, answer.output
    said = json.loads(answer.stdout)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert said.pop("first_visit_bytes") < said["bytes"]
    assert said == {
        "path": str(folder),
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--export", "site", "--port", "8000"], "do nothing with --export"),
        (["--json"], "--json does nothing without --export"),
    ],
)
def test_options_that_do_nothing_are_refused(options, said):
    answer = CliRunner().invoke(app, ["demo", *options])
    assert answer.exit_code == 2
    assert said in answer.output


def test_without_artifacts_it_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["demo"])
    assert answer.exit_code == 1
    assert "make one: dlconv tfjs" in answer.output
