"""Paths that are no usual ones: a folder that is called ``.``, and named pipes."""

import os
import subprocess
import sys

import pytest
from support.artifacts import tfjs_artifact
from support.sample import PHOTOS, sample_graph
from typer.testing import CliRunner

from dlconv.cache import store
from dlconv.cli import app

PHOTO = PHOTOS / "scene_2000030.png"
NET = '[models.net]\nurl = "https://host/net.tar.gz"\ndataset = "voc"\ncrop = [513, 513]\n'


@pytest.mark.parametrize("name", [".", "../tfjs", "..", "model.json", "manifest.json"])
def test_the_folder_that_one_is_in_is_an_artifact(tmp_path, monkeypatch, name):
    graph = sample_graph(tmp_path)
    store.add_graph(graph.path)
    artifact = tfjs_artifact(graph, tmp_path / "tfjs")
    place = artifact.directory
    if name == "..":
        place = artifact.directory / "below"
        place.mkdir()
    monkeypatch.chdir(place)
    answer = CliRunner().invoke(app, ["verify", name, "--images", str(PHOTO)])
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "tfjs.verified.json").is_file()


def test_the_folder_that_one_is_in_may_be_no_artifact(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["verify", "."])
    assert answer.exit_code == 1
    assert "has no manifest.json, so there is nothing to check it against" in answer.stderr


@pytest.mark.parametrize("words", [["models", "--registry"], ["build", "--config"]])
def test_a_pipe_that_nobody_writes_to_is_an_error_and_not_a_wait(tmp_path, words):
    os.mkfifo(tmp_path / "pipe.toml")
    command = [sys.executable, "-m", "dlconv", *words, "pipe.toml"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: cannot read ")
    assert answer.stderr.endswith("pipe.toml: it is a pipe, and not a file\n")


@pytest.mark.parametrize("given", ["<(cat net.toml)", "/dev/stdin < <(cat net.toml)"])
def test_what_a_shell_hands_over_is_read(tmp_path, given):
    command = f"{sys.executable} -m dlconv models net --json --registry {given}"
    (tmp_path / "net.toml").write_text(NET)
    answer = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "https://host/net.tar.gz" in answer.stdout


def test_fetch_reads_what_a_shell_hands_over_once(tmp_path):
    command = f"{sys.executable} -m dlconv fetch net --offline --registry <(cat net.toml)"
    (tmp_path / "net.toml").write_text(NET)
    answer = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: the cache has no usable copy of net, and --offline")
