"""Command lines of 0.1.0: what people have in scripts and CI still means the same."""

import json
from pathlib import Path

import pytest
import typer
from support.sample import sample_graph
from typer.testing import CliRunner

from dlconv.cli import app
from dlconv.cli.inspect.group import OLD, translated

OPTIONS = json.loads(Path(__file__).with_name("options_of_0_1_0.json").read_text())
COMMANDS = typer.main.get_command(app).commands


def names_of(command):
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("name", OPTIONS)
def test_each_command_has_the_options_that_it_had(name):
    command = COMMANDS[name]
    if name != "inspect":
        assert {*OPTIONS[name]} <= names_of(command)
        return
    taken = {*OLD}.union(*map(names_of, command.commands.values()))
    assert {*OPTIONS[name]} <= taken


@pytest.mark.parametrize("name", OPTIONS)
def test_each_command_explains_itself(name):
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0
    assert "Example" in answer.stdout


@pytest.mark.parametrize("name", ["diff", "view", "tensorboard"])
def test_each_command_of_inspect_explains_itself(name):
    answer = CliRunner().invoke(app, ["inspect", name, "--help"])
    assert answer.exit_code == 0
    assert f"dlconv inspect {name}" in answer.stdout


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("graph.pb", "one graph.pb"),
        ("--json", "one --json"),
        ("", "one"),
        ("--diff a b", "diff a b"),
        ("a --diff b --markdown", "diff a b --markdown"),
        ("graph.pb --view netron --no-open", "view graph.pb --viewer netron --no-open"),
        ("graph.pb --view=model-explorer", "view graph.pb --viewer=model-explorer"),
        ("graph.pb --tensorboard --port 80", "tensorboard graph.pb --port 80"),
        ("--tensorboard --logdir log", "tensorboard --logdir log"),
        ("graph.pb --logdir log", "tensorboard --no-serve graph.pb --logdir log"),
    ],
)
def test_what_an_option_of_inspect_asked_for_is_a_command_now(line, means):
    assert translated(line.split()) == means.split()


def test_old_and_new_lines_show_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph = str(sample_graph(tmp_path).path)

    def output(*words):
        answer = CliRunner().invoke(app, ["inspect", *words])
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    assert output("diff", graph, graph) == output("--diff", graph, graph)
    assert output("tensorboard", graph, "--logdir", "b", "--no-serve") == "b\n"
    assert output(graph, "--logdir", "a") == "a\n"
    events = {path.parent.parent.name for path in tmp_path.rglob("*tfevents*")}
    assert events == {"a", "b"}


def test_a_path_with_the_name_of_a_command_is_written_as_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diff").write_bytes(sample_graph(tmp_path).path.read_bytes())
    answer = CliRunner().invoke(app, ["inspect", "./diff"])
    assert answer.exit_code == 0, answer.output
    assert "SemanticPredictions" in answer.stdout
