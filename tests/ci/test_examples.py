"""The example workflows, held against the official schemas and against the action."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "ci"
KINDS = {
    ROOT / "action.yml": "vendor.github-actions",
    EXAMPLES / "github.yml": "vendor.github-workflows",
    EXAMPLES / "gitlab.yml": "vendor.gitlab-ci",
}


def problems(path, kind):
    """What check-jsonschema returns: 0 for none."""
    check_jsonschema = pytest.importorskip("check_jsonschema")
    arguments = ["--builtin-schema", kind, str(path)]
    return check_jsonschema.main(arguments, standalone_mode=False)


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.name)
def test_files_are_as_their_schema_says(path, tmp_path):
    assert problems(path, KINDS[path]) == 0
    broken = tmp_path / "broken.yml"
    broken.write_text(f"{path.read_text()}\nrun: [1, 2]\nruns: 3\n")
    assert problems(broken, KINDS[path]) == 1


def test_the_workflow_gives_the_action_inputs_that_it_has():
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    workflow = yaml.safe_load((EXAMPLES / "github.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    calls = [step for step in steps if step.get("uses", "").startswith("OWNER/dlconv@")]
    assert len(calls) == 2
    for call in calls:
        assert call["with"].keys() <= inputs.keys()


def test_only_the_job_that_releases_may_write():
    workflow = yaml.safe_load((EXAMPLES / "github.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["build"]
    assert workflow["jobs"]["release"]["permissions"]["id-token"] == "write"
    for job in workflow["jobs"].values():
        assert not any("${{" in step.get("run", "") for step in job["steps"])
