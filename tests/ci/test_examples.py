"""The workflows, the repository's and the examples, held against the official schemas, against the
action, and against what makes a workflow safe."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "ci"
OWN = sorted((ROOT / ".github" / "workflows").iterdir())
WORKFLOWS = [*OWN, EXAMPLES / "github.yml"]
KINDS = {
    ROOT / "action.yml": "vendor.github-actions",
    ROOT / ".github" / "dependabot.yml": "vendor.dependabot",
    EXAMPLES / "gitlab.yml": "vendor.gitlab-ci",
    **dict.fromkeys(WORKFLOWS, "vendor.github-workflows"),
}
# A commit of an action, and beside it the version that it is: tags can be moved.
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OURS = "OWNER/dlconv@v1"


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


def jobs_of(path):
    return yaml.safe_load(path.read_text())["jobs"]


def test_there_are_workflows_for_ci_and_for_each_week():
    assert [path.name for path in OWN] == ["ci.yml", "locks.yml", "newest.yml", "weekly.yml"]
    assert "bash .ci/run" in [step.get("run") for step in jobs_of(OWN[0])["ci"]["steps"]]


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS], ids=lambda path: path.name)
def test_actions_are_pinned_to_commits(path):
    used = re.findall(r"uses: *(.*)", path.read_text())
    assert used
    for action in used:
        assert action == OURS or PINNED.fullmatch(action), action


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_workflows_may_little_end_and_put_nothing_into_a_script(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 90
        assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_only_the_job_that_opens_a_pull_request_may_write_and_keeps_credentials():
    for path in OWN:
        (job,) = jobs_of(path).values()
        checkout = job["steps"][0]
        if path.name == "locks.yml":
            assert job["permissions"]["pull-requests"] == "write"
        else:
            assert "permissions" not in job
            assert checkout["with"]["persist-credentials"] is False


def test_each_python_that_is_supported_is_tried_with_the_newest_releases():
    makefile = (ROOT / "Makefile").read_text()
    first, last = (
        int(re.search(rf"^{name} := (\d+)", makefile, re.M)[1]) for name in ("OLDEST", "NEWEST")
    )
    (job,) = jobs_of(ROOT / ".github" / "workflows" / "newest.yml").values()
    assert job["strategy"]["matrix"]["minor"] == [str(k) for k in range(first, last + 1)]


def test_dependabot_looks_where_there_are_packages():
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    (npm,) = [each for each in updates if each["package-ecosystem"] == "npm"]
    folders = [path.parent for path in ROOT.glob("dlconv/web/package-lock.json")]
    folders += [path.parent for path in (ROOT / "tests").rglob("package-lock.json")]
    assert npm["directories"] == [f"/{folder.relative_to(ROOT)}" for folder in folders]
