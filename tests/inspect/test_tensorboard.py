"""The command, its TensorBoard, and a person's browser: all real."""

import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.chromium import needs_chromium, wait_until
from support.processes import hear_ctrl_c
from support.sample import sample_graph
from support.waiting import SECONDS

from dlconv.runtimes.chromium import open_browser

STAGES = ("preprocessing", "backbone", "image_pooling", "ASPP", "decoder", "postprocessing")


@contextmanager
def shown(folder, *options, **environment):
    """Show the sample; yield the process and its address once both nodes are said, too."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dlconv", "inspect", sample_graph(folder).path, "--tensorboard"]
        + list(options),
        env={**os.environ, "TMPDIR": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    try:
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#graphs", address), process.stderr.read()
        assert process.stdout.readline() == "input:  ImageTensor\n"
        assert process.stdout.readline() == "output: SemanticPredictions\n"
        yield process, address
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with shown(tmp_path_factory.mktemp("shown"), "--no-open") as (_, address):
        yield address


@pytest.fixture(scope="module")
def page(address):
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 950})
        page.goto(address)
        page.wait_for_selector("tf-graph-scene g.node")
        yield page


def test_it_answers_with_the_graph_at_once(address):
    with urllib.request.urlopen(address.replace("#graphs", "data/plugin/graphs/info")) as answer:
        assert b'"run_graph": true' in answer.read()


@needs_chromium
def test_the_dashboard_shows_the_stages_between_input_and_output(page):
    nodes = page.locator("tf-graph-scene g.node")
    names = nodes.evaluate_all("nodes => nodes.map(node => node.dataset.name)")
    assert {*names} == {"ImageTensor", *STAGES, "SemanticPredictions"}
    edges = page.locator("tf-graph-scene textPath").all_text_contents()
    assert "1 17 17 64" in {re.sub(r"\D+", " ", edge) for edge in edges}, edges


@needs_chromium
@pytest.mark.parametrize("name", ["ImageTensor", "SemanticPredictions"])
def test_a_search_finds_both_nodes_and_opens_them(page, name):
    page.locator("tf-graph-node-search input").fill(name)
    match = page.locator("#search-match").get_by_text(name, exact=True)
    match.click()
    page.wait_for_selector(
        f'g.node.selected[data-name="{name}"], g.node[data-name="{name}"].selected'
    )


@needs_chromium
def test_each_stage_has_a_colour_of_its_own_by_device(page):
    page.get_by_text("Device", exact=True).first.click()
    shapes = [page.locator(f'g.node[data-name="{stage}"] rect').first for stage in STAGES]

    def colours():
        return [shape.evaluate("shape => getComputedStyle(shape).fill") for shape in shapes]

    assert wait_until(page, lambda: len({*colours()}) == len(STAGES)), colours()


@pytest.mark.parametrize("signal", [2, 15])
def test_ctrl_c_stops_it_and_leaves_nothing(tmp_path, signal):
    with shown(tmp_path, "--no-open") as (process, address):
        assert len(list(tmp_path.iterdir())) == 2  # the graph and the event's folder
        process.send_signal(signal)
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        assert "Traceback" not in errors
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(address)
    assert [path.name for path in tmp_path.iterdir()] == ["frozen.pb"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_is_one_process_without_tensorflow(tmp_path):
    with shown(tmp_path, "--no-open") as (process, _):
        about = Path("/proc", str(process.pid))
        assert not (about / "task" / str(process.pid) / "children").read_text()
        maps = (about / "maps").read_text()
    assert "python" in maps
    assert "tensorflow" not in maps


def test_a_port_can_be_chosen(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with shown(tmp_path, "--no-open", "--port", str(port)) as (_, address):
        assert address == f"http://127.0.0.1:{port}/#graphs"


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = ["inspect", sample_graph(tmp_path).path, "--tensorboard", "--port"]
        answer = subprocess.run(
            [sys.executable, "-m", "dlconv", *command, str(taken.getsockname()[1])],
            capture_output=True,
            text=True,
        )
    assert answer.returncode == 1
    assert "already in use (hint: leave --port out" in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr


def wait_for_the_last_line(process):
    while "Ctrl-C" not in process.stderr.readline():
        assert process.poll() is None


@pytest.fixture
def browser(tmp_path):
    """A person's browser, which writes down what it is asked to open."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    program.chmod(0o755)
    return {"BROWSER": str(program), "DISPLAY": ":9", "CI": ""}


def test_a_person_gets_the_page_opened(tmp_path, browser):
    with shown(tmp_path, **browser) as (process, address):
        wait_for_the_last_line(process)
    assert (tmp_path / "asked").read_text().strip() == address


@pytest.mark.parametrize("off", [["--no-open"], {"CI": "true"}, {"DISPLAY": ""}])
def test_no_browser_is_opened_where_nobody_looks_at_it(tmp_path, browser, off):
    options, environment = (off, {}) if isinstance(off, list) else ([], off)
    environment = {**browser, "WAYLAND_DISPLAY": "", **environment}
    with shown(tmp_path, *options, **environment) as (process, _):
        wait_for_the_last_line(process)
    assert not (tmp_path / "asked").exists()
