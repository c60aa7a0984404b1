"""Which Node.js and which Chromium evidence is of."""

import subprocess

import pytest
from support.project import TFJS

from dlconv.plan.programs import programs, version_of
from dlconv.plan.result import Status
from dlconv.plan.run import preview
from dlconv.plan.state import State, inputs_of
from dlconv.plan.tasks import Done, do
from dlconv.runtimes.chromium import find_chromium
from dlconv.runtimes.node import find_node


@pytest.fixture(autouse=True)
def _ask_anew():
    version_of.cache_clear()
    yield
    version_of.cache_clear()


@pytest.fixture
def program(tmp_path):
    """Make a program that is of a version, and runs what it is given in Node.js."""

    node = find_node()

    def make(version):
        path = tmp_path / "program"
        path.write_text(f'#!/bin/sh\n[ $# -gt 1 ] && exec {node} "$@"\necho {version}\n')
        path.chmod(0o755)
        version_of.cache_clear()
        return str(path)

    return make


def as_if_done(project):
    """Make the artifact, and keep a record of its verification without doing it."""
    state, (fetch, convert, verify) = State(project.folder), project.steps
    for step in (fetch, convert):
        state.keep(step, do(step.task), inputs_of(step), 1)
    state.keep(verify, Done({}), inputs_of(verify), 1)
    return state, verify


@pytest.mark.parametrize("runtime", ["tfjs-node:wasm", "ort-web-node:wasm"])
def test_what_runs_in_node_has_its_version(runtime):
    said = subprocess.check_output([find_node(), "-p", "process.version"], text=True)
    assert programs([runtime]) == {"node": said.strip()}


@pytest.mark.parametrize("runtime", ["tfjs-chromium:webgl", "ort-web:wasm"])
def test_what_runs_in_the_systems_chromium_has_its_version(runtime):
    if find_chromium() is None:
        pytest.skip("there is no Chromium but Playwright's")
    assert any(part[0].isdigit() for part in programs([runtime])["chromium"].split())


def test_what_runs_in_python_or_in_playwrights_chromium_has_none_of_its_own(monkeypatch):
    assert programs(["onnxruntime:cpu"]) == {}
    monkeypatch.setenv("PATH", "")
    assert programs(["ort-web:wasm"]) == {"chromium": ""}


@pytest.mark.parametrize("name", ["node", "chromium"])
def test_another_version_verifies_again(project, program, monkeypatch, name):
    monkeypatch.setenv(f"DLCONV_{name.upper()}", program("v22.0.0"))
    state, verify = as_if_done(project.says(f'{TFJS}runtimes = ["tfjs-{name}"]\n'))
    assert state.why_run(verify) == ""
    program("v22.1.0")
    assert state.why_run(verify) == f"{name} changed"


def test_a_program_that_is_lacking_fails_its_step_and_no_plan(project, monkeypatch):
    state, _ = as_if_done(project.says(f'{TFJS}runtimes = ["tfjs-chromium"]\n'))
    monkeypatch.setenv("DLCONV_CHROMIUM", "/none")
    version_of.cache_clear()
    *others, verify = preview(project.steps, state)
    assert {result.status for result in others} == {Status.SKIPPED}
    assert verify.status is Status.FAILED
    assert "DLCONV_CHROMIUM=/none is no program" in verify.reason
