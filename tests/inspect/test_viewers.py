"""Netron and Model Explorer, started for real, in a person's browser."""

import re
import socket
import subprocess
import sys

import pytest
from support.artifacts import PLAIN, tfjs_artifact
from support.chromium import needs_chromium
from support.processes import hear_ctrl_c, still_running
from support.sample import PHOTOS, sample_graph
from support.waiting import SECONDS
from typer.testing import CliRunner

from dlconv.cli import app
from dlconv.errors import DlconvError
from dlconv.inspect import viewers
from dlconv.runtimes.chromium import open_browser

pytest.importorskip("netron")
needs_model_explorer = pytest.mark.skipif(
    sys.platform != "linux", reason="Model Explorer has no wheel for this system"
)


@pytest.fixture
def graph(tmp_path):
    return sample_graph(tmp_path).path


@needs_chromium
@pytest.mark.slow
def test_netron_opens_the_graph(graph):
    with viewers.netron(graph) as address, open_browser() as browser:
        page = browser.new_page()
        # It asks whether it may report what people do to its makers; it gets through to nobody.
        page.route(lambda url: not url.startswith(address), lambda route: route.abort())
        page.goto(address)
        page.get_by_text("Accept").click()
        for op in ("Conv2D", "ArgMax", "SpaceToBatchND"):
            page.get_by_text(op, exact=True).first.wait_for()


@needs_chromium
@needs_model_explorer
@pytest.mark.slow
def test_model_explorer_has_the_values_beside_the_graph(graph):
    overlays = {"weight bytes": {"logits/semantic/Conv2D": 1234.0}}
    with viewers.model_explorer(graph, "sample", overlays) as address, open_browser() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(address)
        page.get_by_text("weight bytes.json").first.wait_for()
        text = page.inner_text("body")
    assert "sample.graphdef" in text
    assert re.search(r"Max\s+1234", text)


@needs_model_explorer
@pytest.mark.slow
def test_the_command_shows_an_artifact_and_leaves_nothing_behind(graph, tmp_path):
    artifact = tfjs_artifact(sample_graph(tmp_path / "again"), tmp_path / "artifact", PLAIN)
    call = [sys.executable, "-m", "dlconv", "inspect", str(graph), "--no-open"]
    call += ["--view", "model-explorer", "--artifact", str(artifact.directory)]
    call += ["--image", str(PHOTOS)]
    process = subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c
    )
    address = process.stdout.readline()
    for overlay in ("weight%20bytes", "quantization%20error", "activation%20error"):
        assert overlay in address, process.stderr.read()
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True
    )
    process.send_signal(2)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    assert not still_running([int(child) for child in children.stdout.split()])


def test_a_port_that_is_taken_is_one_line(graph):
    with socket.socket() as taken:
        taken.bind((viewers.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        for viewer in (viewers.netron(graph, port), viewers.model_explorer(graph, "x", {}, port)):
            with pytest.raises(DlconvError, match=f"port {port} is not free"), viewer:
                pass


def test_a_viewer_that_is_not_installed_is_one_line(graph, monkeypatch):
    monkeypatch.setitem(sys.modules, "netron", None)
    monkeypatch.setattr(viewers.importlib.util, "find_spec", lambda name: None)
    for viewer in (viewers.netron(graph), viewers.model_explorer(graph, "x", {})):
        with pytest.raises(DlconvError, match=r"not installed.*dlconv\[view\]"), viewer:
            pass


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--view", "nonsense"], "there is no viewer 'nonsense'"),
        (["--view", "netron", "--json"], "--json does nothing with --view"),
        (["--view", "netron", "--artifact", "x"], "--artifact does nothing with netron"),
        (["--view", "netron", "--image", "x"], "--image does nothing without --artifact"),
        (["--artifact", "x"], "--artifact does nothing without --view"),
        (["--port", "80"], "--port does nothing without --view or --tensorboard"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(graph, options, complaint):
    called = CliRunner().invoke(app, ["inspect", str(graph), *options])
    assert called.exit_code == 2
    assert complaint in called.stderr
