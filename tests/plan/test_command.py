"""``dlconv init`` and ``dlconv build`` as people call them."""

import json

import pytest
from support.project import TFJS
from typer.testing import CliRunner

from dlconv.cli import app


@pytest.fixture
def call(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_init_writes_a_file_that_build_understands(call, project):
    (project.folder / "dlconv.toml").unlink()
    answer = call("build")
    assert answer.exit_code == 2
    assert "dlconv init" in answer.stderr
    assert call("init").exit_code == 0
    assert call("init").exit_code == 2
    answer = call("build", "--check")
    assert answer.exit_code == 0
    assert "tfjs-uint8" in answer.stdout


def test_check_says_what_would_run_from_a_folder_below_and_runs_nothing(call, project, monkeypatch):
    monkeypatch.chdir(project.folder / "photos")
    answer = call("build", "--check", "--json")
    assert [row["result"] for row in json.loads(answer.stdout)] == ["would run"] * 3
    assert not (project.folder / "artifacts").exists()


def test_check_fails_for_what_cannot_be_made(call, project):
    (project.folder / "tiny.pb").unlink()
    answer = call("build", "--check")
    assert answer.exit_code == 1
    assert "failed: fetch tiny: " in answer.stderr
    assert "tiny.pb" in answer.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--check", "--twice"], "exclude each other"),
        (["--config", "none.toml"], "cannot read"),
        (["--jobs", "0"], "Invalid value"),
    ],
)
def test_wrong_usage_is_told(call, options, complaint):
    answer = call("build", *options)
    assert answer.exit_code in (1, 2)
    assert complaint in answer.stderr


@pytest.mark.long
def test_verbose_is_for_the_steps_too(project):
    steps = project.folder / "artifacts/.build/tiny/tfjs-float32"
    assert project.build().returncode == 0
    assert "DEBUG:" not in (steps / "verify.log").read_text()
    (steps / "verify.json").unlink()
    assert project.build("--verbose").returncode == 0
    assert "DEBUG:PIL" in (steps / "verify.log").read_text()


def test_a_slip_names_the_key(call, project):
    project.says(TFJS.replace("photos", "photso"))
    answer = call("build")
    assert answer.exit_code == 1
    assert "[models.tiny]: there is no key 'photso'; did you mean photos?" in answer.stderr
