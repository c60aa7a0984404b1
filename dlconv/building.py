"""What ``dlconv build`` does, without the command line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dlconv.plan.config import find_config, read_config
from dlconv.plan.display import display
from dlconv.plan.result import Result, Status
from dlconv.plan.run import Builder, Limits, preview
from dlconv.plan.state import State
from dlconv.plan.steps import Step, plan
from dlconv.plan.tasks import Access
from dlconv.plan.twice import build_again, conversions
from dlconv.registry.models import load_registry


@dataclass(frozen=True)
class Project:
    """The steps of a configuration, and the folder that it stands in."""

    root: Path
    steps: list[Step]

    @property
    def state(self) -> State:
        """What is there of it."""
        return State(self.root)


def find_project(config: Path | None, access: Access) -> Project:
    """Read a configuration, or the nearest one, and plan it.

    Raises UsageError where there is no configuration, DlconvError for one with a slip.
    """
    found = read_config(config or find_config(Path.cwd()))
    steps = plan(found, load_registry(access.registry), access)
    return Project(found.folder, steps)


def limits(jobs: int | None, memory_gb: float | None) -> Limits:
    """Return the limits that are asked for, or the machine's."""
    found = Limits()
    return replace(
        found,
        jobs=found.jobs if jobs is None else jobs,
        memory=found.memory if memory_gb is None else int(memory_gb * 1e9),
    )


def check(project: Project) -> list[Result]:
    """Tell what a build would do."""
    return preview(project.steps, project.state)


def build(project: Project, limits: Limits) -> list[Result]:
    """Build, showing how far it is."""
    with display(len(project.steps)) as watch:
        return Builder(project.steps, project.state, limits, watch).run()


def prove(project: Project, limits: Limits) -> int:
    """Make every artifact again, and return how many files are the same.

    Raises DlconvError that names the first file that differs, or the first step that failed.
    """
    with display(sum(1 for _ in conversions(project.steps, project.root))) as watch:
        return build_again(project.steps, project.root, limits, watch)


def failures(results: Iterable[Result]) -> list[str]:
    """Return a line for each step that failed."""
    failed = [result for result in results if result.status is Status.FAILED]
    return [f"{result.step.title}: {result.reason}" for result in failed]
