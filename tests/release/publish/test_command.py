"""``dlconv publish``: which releases go where."""

import json
import shutil

import pytest
from support.publishing import files_below
from typer.testing import CliRunner

from dlconv.cli import app
from dlconv.plan.shipments import find_releases


@pytest.fixture
def project(packed, later, tmp_path, monkeypatch):
    """A project with two releases and a configuration without targets, as working folder."""
    (tmp_path / "dlconv.toml").write_text("[models.sample]\n")
    shutil.copytree(packed, tmp_path / "release" / "sample")
    shutil.copytree(later, tmp_path / "release" / "other")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*options):
    return CliRunner().invoke(app, ["publish", *options])


def test_the_configuration_names_the_targets(project, packed):
    with (project / "dlconv.toml").open("a") as config:
        config.write('[publish]\ntargets = ["first", "deep/second"]\n')
    answer = run("--json")
    assert answer.exit_code == 0, answer.output
    assert [each["state"] for each in json.loads(answer.stdout)] == ["published"] * 4
    for target in ("first", "deep/second"):
        assert files_below(project / target / "sample" / "1.2.0") == files_below(packed)
        assert (project / target / "sample" / "1.3.0" / "release.json").is_file()


def test_one_that_fails_does_not_stop_the_others(project):
    (project / "release" / "sample" / "tfjs-float32" / "model.json").write_text("{}")
    answer = run("published")
    assert answer.exit_code == 1
    assert "other" not in answer.stderr.split("failed:")[1]
    assert "release/sample to published: " in answer.stderr
    assert [path.name for path in (project / "published" / "sample").iterdir()] == ["1.3.0"]


@pytest.mark.parametrize("place", ["hf:me/models", "npm:@me/models", "OCI:localhost/models"])
def test_two_models_are_not_sent_to_a_place_for_one(project, another_model, place):
    shutil.copytree(another_model, project / "release" / "city")
    answer = run(place)
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"error: {place} is for one model, not for city, sample (hint")


def test_a_target_may_name_the_model(project, another_model):
    shutil.copytree(another_model, project / "release" / "city")
    answer = run("places/of-{model}")
    assert answer.exit_code == 0, answer.output
    assert sorted(path.name for path in (project / "places").iterdir()) == ["of-city", "of-sample"]
    assert (project / "places" / "of-city" / "city").is_dir()


def test_what_a_killed_pack_left_is_no_release(project, packed):
    shutil.copytree(packed, project / "release" / ".sample-0123456789abcdef")
    assert [path.name for path in find_releases(project / "release")] == ["other", "sample"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "names no target"),
        (["there", "--config", "dlconv.toml"], "--config does nothing"),
    ],
)
def test_without_a_target_it_says_so(project, options, said):
    answer = run(*options)
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_without_a_release_it_says_how_to_make_one(tmp_path):
    answer = run(str(tmp_path), "--release", str(tmp_path))
    assert answer.exit_code == 1
    assert "make one: dlconv pack" in answer.stderr
