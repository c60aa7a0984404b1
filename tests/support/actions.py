"""A runner of composite actions: its steps with bash, as GitHub's runs them.

Actions that a step uses are not run: a test says what they would give.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
UNLESS = re.compile(r"(?:always\(\) && )?([\w.-]+) != '(\w*)'")
BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")


@dataclass
class Run:
    """What a run of an action left."""

    code: int = 0
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


class Runner:
    """Runs an action in a workspace; ``temp`` is the runner's folder for it, kept between runs."""

    def __init__(self, action: Path, definition: Mapping[str, Any], temp: Path) -> None:
        self.definition = definition
        self.temp = temp
        self._github = {"github.action_path": str(action)}

    def run(
        self,
        workspace: Path,
        given: Mapping[str, str],
        used: Mapping[str, Mapping[str, str]],
        environment: Mapping[str, str],
    ) -> Run:
        """Run it with inputs; ``used`` has the outputs of steps that use other actions, by id."""
        defaults = {name: each["default"] for name, each in self.definition["inputs"].items()}
        assert given.keys() <= defaults.keys()
        known = {f"inputs.{name}": value for name, value in {**defaults, **given}.items()}
        known |= self._github
        known |= _outputs(used)
        run = Run()
        state = {**os.environ, **environment, "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7"}
        state |= {"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_TEMP": str(self.temp)}
        for step in self.definition["runs"]["steps"]:
            if "run" in step and _is_due(step.get("if", ""), known, run.code):
                written = self._step(step, known, state, workspace, run)
                known |= _outputs({step.get("id", ""): written})
        run.outputs = {
            name: _filled(each["value"], known) for name, each in self.definition["outputs"].items()
        }
        return run

    def _step(self, step, known, state, workspace, run) -> dict[str, str]:
        names = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        files = {name: self.temp / name for name in names}
        for file in files.values():
            file.write_text("")
        own = {name: _filled(value, known) for name, value in step.get("env", {}).items()}
        answer = subprocess.run(
            [*BASH, step["run"]],
            cwd=workspace / _filled(step.get("working-directory", "."), known),
            env={**state, **own, **{name: str(file) for name, file in files.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        written = {name: file.read_text() for name, file in files.items()}
        state.update(_pairs(written["GITHUB_ENV"]))
        state["PATH"] = os.pathsep.join([*written["GITHUB_PATH"].splitlines(), state["PATH"]])
        run.code = run.code or answer.returncode
        run.log += answer.stdout
        run.summary += written["GITHUB_STEP_SUMMARY"]
        return _pairs(written["GITHUB_OUTPUT"])


def _outputs(steps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {
        f"steps.{step}.outputs.{name}": value
        for step, outputs in steps.items()
        for name, value in outputs.items()
    }


def _filled(text: str, known: Mapping[str, str]) -> str:
    return EXPRESSION.sub(lambda found: known.get(found[1], ""), text)


def _is_due(condition: str, known: Mapping[str, str], code: int) -> bool:
    """Whether a step runs: after a failure only if it says always()."""
    if code and not condition.startswith("always()"):
        return False
    if not condition:
        return True
    name, value = UNLESS.fullmatch(condition).groups()
    return known.get(name, "") != value


def _pairs(content: str) -> dict[str, str]:
    """Read NAME=VALUE, and NAME<<END with lines up to END."""
    found, lines = {}, iter(content.splitlines())
    for line in lines:
        name, sign, value = re.fullmatch(r"([\w-]+)(=|<<)(.*)", line).groups()
        below = takewhile(value.__ne__, lines) if sign == "<<" else [value]
        found[name] = "\n".join(below)
    return found
