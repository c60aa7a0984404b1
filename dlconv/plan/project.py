"""A project: the steps of its configuration, and its folder."""

from dataclasses import dataclass
from pathlib import Path

from dlconv.plan.config import find_config, read_config
from dlconv.plan.state import State
from dlconv.plan.steps import Step, plan
from dlconv.plan.tasks import Access
from dlconv.registry.models import load_registry


@dataclass(frozen=True)
class Project:
    """The steps of a configuration, and the folder of its file."""

    root: Path
    steps: list[Step]

    @property
    def state(self) -> State:
        """The record of what was made."""
        return State(self.root)


def find_project(config: Path | None, access: Access) -> Project:
    """Read a configuration, by default the nearest one, and plan its steps.

    Raises UsageError where there is no configuration, DlconvError for one with a mistake.
    """
    found = read_config(config or find_config(Path.cwd()))
    steps = plan(found, load_registry(access.registry), access)
    return Project(found.folder, steps)
