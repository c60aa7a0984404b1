"""When a step has to run again, and why."""

import dataclasses
import os

import pytest
from support.keys import write_keys
from support.project import TFJS

from dlconv.artifacts.manifest import read_artifact
from dlconv.errors import DlconvError, UsageError
from dlconv.plan.state import State, inputs_of
from dlconv.plan.tasks import Done, do
from dlconv.plan.versions import versions
from dlconv.recipe import Interface
from dlconv.release.check import check_release
from dlconv.release.document import SIGNATURE_NAME, SUMS_NAME
from dlconv.release.signing import PrivateKey, sign_release


@pytest.fixture
def state(project):
    return State(project.folder)


def steps_of(project):
    return {step.task.kind: step for step in project.steps}


def run_all(project, state):
    """Run all steps in this process, and return them by kind."""
    for step in project.steps:
        run(step, state)
    return steps_of(project)


def run(step, state):
    inputs = inputs_of(step)
    state.keep(step, do(step.task), inputs, 1)


def made(project, state):
    """Fetch and convert in this process, and return the conversion."""
    steps = steps_of(project)
    do(steps["fetch"].task)
    run(steps["convert"], state)
    return steps["convert"]


def test_a_step_runs_once(project, state):
    step = steps_of(project)["convert"]
    assert state.why_run(step) == "not made yet"
    assert made(project, state) == step
    assert state.why_run(step) == ""


def test_another_graph_or_tool_is_named(project, state, monkeypatch):
    step = made(project, state)
    monkeypatch.setitem(versions(), "numpy", "9")
    assert state.why_run(step) == "numpy changed"
    monkeypatch.undo()
    (project.folder / "tiny.pb").write_bytes(b"\n\x02\n\x00")
    assert state.why_run(step) == "graph changed"


def test_another_recipe_is_named_and_so_are_the_options_of_dlconv_0_1(project, state):
    step = made(project, state)
    other = dataclasses.replace(step.task.recipe, interface=Interface((65, 65)))
    changed = dataclasses.replace(step, task=dataclasses.replace(step.task, recipe=other))
    assert inputs_of(changed)["options"] != inputs_of(step)["options"] == step.task.recipe.digest
    state.keep(step, Done({}), {**inputs_of(step), "options": '["0", null, null]'}, 1)
    assert state.why_run(step) == "options changed"


def test_other_names_of_classes_are_named_and_stand_in_the_manifest(project, state):
    step = made(project, state)
    origin = dataclasses.replace(step.task.origin, classes=("sky", "road", "tree"))
    renamed = dataclasses.replace(step, task=dataclasses.replace(step.task, origin=origin))
    assert state.why_run(renamed) == "classes changed"
    run(renamed, state)
    assert read_artifact(step.task.folder).manifest.classes == origin.classes


@pytest.mark.parametrize("change", [lambda p: p.unlink(), lambda p: p.write_bytes(b"")])
def test_a_file_that_is_not_what_was_made_is_named(project, state, change):
    step = made(project, state)
    change(step.task.folder / "model.json")
    assert state.why_run(step) == "artifacts/tiny/tfjs-float32/model.json is not what was made"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"inputs": 1}', b"\xff\xfe", b"[[[["])
def test_a_damaged_record_is_none(project, state, content):
    step = made(project, state)
    state.place(step, ".json").write_bytes(content)
    assert state.why_run(step) == "not made yet"


def test_no_clock_counts(project, state):
    step = made(project, state)
    for path in [*project.folder.rglob("*")]:
        os.utime(path, (4e9, 4e9))
    assert state.why_run(step) == ""
    path = step.task.folder / "model.json"
    path.write_bytes(path.read_bytes() + b" ")
    os.utime(path, (0, 0))
    assert "is not what was made" in state.why_run(step)


def test_a_graph_that_the_cache_lost_is_fetched_again(project, state, monkeypatch, tmp_path):
    made(project, state)
    fetch = steps_of(project)["fetch"]
    assert state.why_run(fetch) == ""
    monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "another"))
    assert state.why_run(fetch) == "not in the cache"


def test_photos_that_are_not_there_are_an_error(project, state):
    made(project, state)
    verify = steps_of(project.says(TFJS.replace('"photos"', '"phtos"')))["verify"]
    state.keep(verify, do(steps_of(project)["fetch"].task), {}, 1)
    with pytest.raises(DlconvError, match="there is no photo at"):
        state.why_run(verify)


@pytest.mark.slow
def test_a_release_that_would_not_pass_check_is_packed_again(project, state, tmp_path):
    pack = run_all(project.says(f'{TFJS}[release]\nversion = "1"\n'), state)["pack"]
    folder = pack.task.folder
    sums, signature = folder / SUMS_NAME, folder / SIGNATURE_NAME
    sign_release(folder, PrivateKey(write_keys(tmp_path / "keys").private))
    assert state.why_run(pack) == ""
    for damage, reason in (
        (sums.unlink, "SHA256SUMS: is missing"),
        (lambda: sums.write_text("no sums\n"), "SHA256SUMS: does not list README.md"),
        (lambda: signature.write_text("{}"), "model.sig: is not a signature as model-signing wr"),
    ):
        damage()
        assert state.why_run(pack).startswith(reason)
        run(pack, state)
        assert state.why_run(pack) == ""
        assert check_release(folder) == ()


@pytest.mark.slow
def test_a_file_that_is_not_of_the_release_is_named_and_kept(project, state):
    pack = run_all(project.says(f'{TFJS}[release]\nversion = "1"\n'), state)["pack"]
    notes = pack.task.folder / "notes.txt"
    notes.write_text("mine")
    assert state.why_run(pack).startswith("notes.txt: is not of the release")
    with pytest.raises(UsageError, match="holds notes.txt, which is not of the release there"):
        run(pack, state)
    assert notes.read_text() == "mine"


def test_a_record_that_somebody_changed_is_none(project, state):
    step = made(project, state)
    path = state.place(step, ".json")
    path.write_bytes(path.read_bytes().replace(b'"memory": 1', b'"memory": 2'))
    assert state.why_run(step) == "not made yet"
