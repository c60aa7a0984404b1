"""The GitHub Action: its steps run with bash, as GitHub runs them."""

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from support.actions import EXPRESSION, Runner
from support.sample import PHOTOS

from dlconv.release.document import Model, Release, as_json

ROOT = Path(__file__).parents[2]
RESTORED = {"python": {"python-version": "3.12.1"}, "environment": {"cache-hit": "true"}}
FRESH = {"python": {"python-version": "3.12.1"}}
HARMLESS = [
    "models; touch pwned",
    "models $(touch pwned)",
    "models `touch pwned`",
    "models && touch pwned",
    "models > pwned",
    "models * $HOME ~",
    "-n models",
]


@pytest.fixture(scope="module")
def definition():
    return yaml.safe_load((ROOT / "action.yml").read_text())


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def action(definition, workspace, tmp_path):
    """Run the action in the workspace, on the environment of these tests."""
    runner = Runner(ROOT, definition, tmp_path / "temp")
    environment = runner.temp / "dlconv" / "environment"
    environment.mkdir(parents=True)
    (environment / "bin").symlink_to(Path(sys.prefix) / "bin")

    def run(used=RESTORED, **given):
        inputs = {name.replace("_", "-"): value for name, value in given.items()}
        return runner.run(workspace, inputs, used, {"PYTHONPATH": str(ROOT)})

    run.environment = environment
    return run


@pytest.fixture
def echoing(action):
    """The action with a dlconv that only prints its words, a line each."""
    (action.environment / "bin").unlink()
    program = action.environment / "bin" / "dlconv"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nprintf 'word %s\\n' \"$@\"\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return action


def words_of(run):
    return [line.removeprefix("word ") for line in run.log.splitlines()]


def test_no_script_has_an_expression_in_it(definition):
    for step in definition["runs"]["steps"]:
        assert not EXPRESSION.search(step.get("run", ""))
        assert "${{" not in step.get("run", "")


def test_words_of_the_command_are_words_and_quotes_keep_them_together(echoing):
    run = echoing(command="verify 'my models' --images \"a b\"\n  --json", config="my dlconv.toml")
    assert words_of(run) == [
        "verify", "my models", "--images", "a b", "--json", "--config", "my dlconv.toml"
    ]  # fmt: skip
    assert words_of(echoing()) == ["build"]


@pytest.mark.parametrize("command", HARMLESS)
def test_nothing_in_the_command_is_run(echoing, workspace, command):
    run = echoing(command=command, config="$(touch pwned)")
    assert words_of(run) == [*command.split(), "--config", "$(touch pwned)"]
    assert not list(workspace.iterdir())


def test_an_open_quote_is_an_error(echoing):
    run = echoing(command="verify 'open")
    assert (run.code, run.outputs["passed"]) == (1, "")


def test_the_exit_code_is_the_command_s(action, workspace):
    run = action(command="models --json")
    assert (run.code, run.outputs) == (0, {"passed": "true", "releases": ""})
    assert run.summary == "dlconv passed.\n"
    run = action(command="no-such-command")
    assert (run.code, run.outputs["passed"]) == (2, "false")
    assert run.summary == "**dlconv failed.**\n"


def release_in(folder):
    """A release of nothing in a folder, its card not the one that dlconv would write."""
    folder.mkdir(parents=True)
    model = Model("sample", None, {}, 1, "0" * 64, "", "", "", None, (), (), "")
    release = Release(1, "sample", "1.2.0", "0" * 64, model, [], [])
    (folder / "release.json").write_bytes(as_json(release))
    (folder / "README.md").write_text("by hand\n")


def test_the_summary_has_cards_of_what_releases_say_and_follows_no_links(action, workspace):
    secret = workspace.parent / "secret"
    secret.mkdir()
    (secret / "README.md").write_text("a secret")
    for name in ("plain", "linked"):
        release_in(workspace / "release" / name)
    readme = workspace / "release" / "linked" / "README.md"
    readme.unlink()
    readme.symlink_to(secret / "README.md")
    release_in(secret / "outside")
    (workspace / "release" / "folder").symlink_to(secret)
    document = workspace / "release" / "document"
    document.mkdir()
    (document / "release.json").symlink_to(secret / "outside" / "release.json")
    run = action(command="models --json")
    assert run.outputs["releases"].splitlines() == ["release/linked", "release/plain"]
    assert "secret" not in run.summary
    assert "by hand" not in run.summary
    assert run.summary.count("\n# sample 1.2.0\n") == 2


def test_names_of_folders_are_a_line_each_and_nothing_to_github(action, workspace):
    names = ["two\nlines", "x\n::error::y", "a<img src=x>&lt;", "a `b` *c*", "\u202ereversed"]
    for name in names:
        release_in(workspace / name)
    run = action(command="models --json")
    assert run.code == 0
    assert len(run.outputs["releases"].splitlines()) == 3
    assert not [line for line in run.log.splitlines() if line.lstrip().startswith("::")]
    assert run.log.count("left out") == 2
    assert run.summary.count("<details>") == run.summary.count("</summary>") == 3
    assert "<img" not in run.summary
    assert "\u202e" not in run.summary


def test_the_environment_s_key_changes_with_what_is_installed(definition, tmp_path):
    """Two copies of the sources, then one of them changed."""

    def key(action, version):
        runner = Runner(action, definition, tmp_path / "temp")
        used = {"python": {"python-version": version}, "environment": {"cache-hit": "true"}}
        step = {**definition, "runs": {"steps": [definition["runs"]["steps"][1]]}}
        step["outputs"] = {"key": {"value": "${{ steps.places.outputs.environment-key }}"}}
        runner.definition = step
        return runner.run(tmp_path, {}, used, {}).outputs["key"]

    (tmp_path / "temp").mkdir()
    copies = [tmp_path / "first", tmp_path / "second"]
    for copy in copies:
        copy.mkdir()
        for name in ("pyproject.toml", "setup.py"):
            shutil.copy(ROOT / name, copy)
        shutil.copytree(ROOT / "locks", copy / "locks")
        ignored = shutil.ignore_patterns("node_modules", "dist", "__pycache__")
        shutil.copytree(ROOT / "dlconv", copy / "dlconv", ignore=ignored)
    (copies[1] / "dlconv/web/node_modules").mkdir()
    (copies[1] / "dlconv/web/node_modules/x.js").write_text("built")
    first = key(copies[0], "3.12.1")
    assert first.startswith("dlconv-Linux-X64-3.12.1-")
    assert key(copies[1], "3.12.1") == first
    assert key(copies[1], "3.12.2") != first
    (copies[1] / "dlconv/errors.py").write_text("")
    assert key(copies[1], "3.12.1") != first


@pytest.mark.long
def test_it_verifies_packs_and_tells_what_fell_short(action, workspace):
    run = action(command="run sample")
    assert (run.code, run.outputs["passed"]) == (0, "true")
    assert "### dlconv verify: 3 of 3 passed" in run.summary
    assert "::error" not in run.log
    (workspace / "release").mkdir()
    run = action(command="pack artifacts/sample --version 1.0.0 -o 'release/the sample'")
    assert run.outputs == {"passed": "true", "releases": "release/the sample"}
    assert "<details><summary>release/the sample</summary>\n\n# sample 1.0.0\n" in run.summary
    photos = shutil.copytree(PHOTOS, workspace / "photos", ignore=shutil.ignore_patterns("masks"))
    run = action(command=f"verify artifacts --images {photos.name} --floor-agreement 1")
    assert (run.code, run.outputs["passed"]) == (1, "false")
    (error,) = [line for line in run.log.splitlines() if line.startswith("::error ")]
    assert error.startswith("::error title=sample%3A tfjs uint8")
    assert "2 of 3 passed" in run.summary
    assert run.outputs["releases"] == "release/the sample"


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_without_a_restored_environment_it_installs_one(definition, workspace, tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".*", "node_modules", "dist"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as temp:  # gigabytes, not to be kept
        runner = Runner(checkout, definition, Path(temp))
        environment = {"PATH": path, "PYTHONPATH": ""}
        run = runner.run(workspace, {"command": "run sample"}, FRESH, environment)
    assert (run.code, run.outputs["passed"]) == (0, "true"), run.log
    assert "### dlconv verify: 3 of 3 passed" in run.summary
