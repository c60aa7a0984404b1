"""Making all that a project's ``dlconv.toml`` asks for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from dlconv.plan.config import write_template
from dlconv.plan.project import find_project
from dlconv.plan.result import Result
from dlconv.plan.run import Builder, Limits, Observer, SilentObserver
from dlconv.plan.run import preview as preview_of
from dlconv.plan.tasks import Access
from dlconv.plan.twice import build_again, conversions

DEFAULT_ACCESS = Access()
# Opens a display for a number of steps.
Display = Callable[[int], AbstractContextManager[Observer]]


def _no_display(steps: int) -> AbstractContextManager[Observer]:
    return nullcontext(SilentObserver())


def init(folder: Path) -> Path:
    """Write a commented ``dlconv.toml`` into a folder, and return its path.

    Raises UsageError where there is one already.

    >>> api.init(folder).name
    'dlconv.toml'
    """
    return write_template(folder)


def preview(config: Path | None = None, *, access: Access = DEFAULT_ACCESS) -> list[Result]:
    """Return what a build would do, step by step, and why; nothing is changed.

    ``config`` is the ``dlconv.toml``, by default that of the working folder or the nearest above
    it; ``access`` says how models are found and fetched.

    Raises UsageError where there is no configuration, DlconvError for an invalid one.

    >>> [result.step.title for result in api.preview(folder / "dlconv.toml")][:2]
    ['fetch sample', 'convert sample tfjs-float32']
    """
    project = find_project(config, access)
    return preview_of(project.steps, project.state)


def build(
    config: Path | None = None,
    *,
    jobs: int | None = None,
    memory: int | None = None,
    access: Access = DEFAULT_ACCESS,
    display: Display = _no_display,
) -> list[Result]:
    """Make all that a configuration asks for, and return the result of each step.

    A step whose inputs, options and tools have not changed is skipped; one that fails is a result
    that says so, and does not stop the others. ``jobs`` is how many steps run at once, by default
    one for each processor, ``memory`` the bytes that they may take together. ``display`` opens an
    observer that gets the events of all steps. Other parameters and errors are as for ``preview``.
    """
    project = find_project(config, access)
    with display(len(project.steps)) as observer:
        limits = _limits(jobs, memory)
        return Builder(project.steps, project.state, limits, observer).run()


def make_again(
    config: Path | None = None,
    *,
    jobs: int | None = None,
    memory: int | None = None,
    access: Access = DEFAULT_ACCESS,
    display: Display = _no_display,
) -> int:
    """Make every artifact of a build again, elsewhere, and return the number of equal files.

    Raises a DlconvError that names the first file that differs, or the first step that failed, and
    what ``preview`` raises.
    """
    project = find_project(config, access)
    with display(sum(1 for _ in conversions(project.steps, project.root))) as observer:
        return build_again(project.steps, project.root, _limits(jobs, memory), observer)


def _limits(jobs: int | None, memory: int | None) -> Limits:
    given = {"jobs": jobs, "memory": memory}
    return replace(Limits(), **{name: each for name, each in given.items() if each is not None})
