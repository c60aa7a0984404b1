"""The plan: the steps that a configuration asks for, and which step needs which.

Planning is pure. A model is fetched, each of its artifacts converted and then verified, and what
passed is packed. An artifact that two entries ask for is made once; a precision is made for the
targets that have it. A configuration that cannot be built is an error before anything runs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dlconv.errors import DlconvError, UsageError
from dlconv.plan.config import Config, ModelTable, nearest
from dlconv.plan.tasks import Access, Convert, Fetch, Origin, Pack, Task, Verify
from dlconv.recipe import Interface, Precision, Recipe, precision_of
from dlconv.registry.classes import classes_for
from dlconv.registry.models import Registry
from dlconv.runtimes.catalogue import choices_for, parse_choices
from dlconv.verify.floors import GivenFloors

ARTIFACTS = "artifacts"
RELEASE = "release"


@dataclass(frozen=True)
class Step:
    """One task, to be done after all steps that it ``needs``, given by name.

    ``artifact`` is the artifact's name, empty for a step for the whole model.
    """

    task: Task
    artifact: str = ""
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its unique name."""
        return "/".join(filter(None, [self.model, self.artifact, self.task.kind]))

    @property
    def title(self) -> str:
        """Its title for people."""
        return " ".join(filter(None, [self.task.kind, self.model, self.artifact]))

    @property
    def model(self) -> str:
        """The model's name."""
        return self.task.origin.model


def plan(config: Config, registry: Registry, access: Access) -> list[Step]:
    """Return the steps that make everything beside a configuration, each after all that it needs.

    ``registry`` is the one that ``access`` gives. Raises DlconvError for what cannot be made.
    """
    steps: list[Step] = []
    for name, model in config.models.items():
        if model.graph is None:
            registry.find(name)
        elif name in registry.models:
            raise config.error(f"models.{name}", "graph: the registry has a model of this name")
        graph = None if model.graph is None else config.folder / model.graph
        classes = _classes(config, name, model, registry)
        steps += _steps_of(config, model, Origin(name, graph, access, classes))
    _check_floors(config, steps)
    return steps


def _classes(config: Config, name: str, model: ModelTable, registry: Registry) -> tuple[str, ...]:
    if model.classes is None:
        return ()
    try:
        return classes_for(model.classes, registry.datasets, config.folder)
    except DlconvError as error:
        raise config.error(f"models.{name}", f"classes: {error.message}") from error


def _steps_of(config: Config, model: ModelTable, origin: Origin) -> Iterator[Step]:
    fetch = Step(Fetch(origin))
    yield fetch
    verified = []
    for convert in _conversions(config, model, origin):
        made = Step(convert, convert.folder.name, (fetch.name,))
        yield made
        check = Verify(
            origin,
            convert.folder,
            _runtimes(config, model, convert),
            _below(config.folder, model.photos),
            _floors(config, convert.recipe),
        )
        verified.append(Step(check, made.artifact, (made.name,)))
        yield verified[-1]
    if config.release is not None:
        model_folder = config.folder / ARTIFACTS / origin.model
        folders = tuple(model_folder / step.artifact for step in verified)
        folder = config.folder / RELEASE / origin.model
        needs = tuple(step.name for step in verified)
        yield Step(Pack(origin, folder, folders, config.release.version), needs=needs)


def _conversions(config: Config, model: ModelTable, origin: Origin) -> Iterable[Convert]:
    found: dict[Path, Convert] = {}
    for word in model.precisions:
        if word == Precision.AUTO and not model.calibrate:
            reason = "precisions: auto needs photos to check its tries on, 16 or more: calibrate"
            raise config.error(f"models.{origin.model}", reason)
        precisions = {target: precision_of(word, target) for target in model.targets}
        if not any(precisions.values()):
            reason = f"precisions: {' and '.join(model.targets)} artifacts have no {word}"
            raise config.error(f"models.{origin.model}", reason)
        for target, precision in precisions.items():
            if precision is None:
                continue
            for size in model.input_sizes:
                recipe = _recipe(config, Recipe(target, precision, interface=Interface(size)))
                folder = config.folder / ARTIFACTS / origin.model / recipe.name
                photos = model.calibrate if precision.is_calibrated else ()
                found[folder] = Convert(origin, folder, recipe, _below(config.folder, photos))
    return found.values()


def _recipe(config: Config, recipe: Recipe) -> Recipe:
    """Return the recipe with the floors to search for, where it is of precision auto."""
    if recipe.floors is None:
        return recipe
    return replace(recipe, floors=_floors(config, recipe).over(recipe.floors))


def _below(folder: Path, paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(folder / path for path in paths)


def _runtimes(config: Config, model: ModelTable, convert: Convert) -> tuple[str, ...]:
    try:
        chosen = choices_for(convert.recipe.target, parse_choices(model.runtimes))
    except UsageError as error:
        entry = f"models.{convert.origin.model}"
        raise config.error(entry, f"runtimes: {error.message}") from error
    return tuple(choice.spec for choice in chosen)


def _floors(config: Config, recipe: Recipe) -> GivenFloors:
    """Return the floors of an artifact: those of its precision, and over them those of its name."""
    named = [table for name, table in config.floors.items() if _is_precision(name, recipe)]
    named += [table for name, table in config.floors.items() if _is_artifact(name, recipe)]
    given: dict[str, float | None] = {}
    for table in named:
        given.update({name: getattr(table, name) for name in table.model_fields_set})
    return GivenFloors(**given)


def _is_precision(name: str, recipe: Recipe) -> bool:
    return precision_of(name, recipe.target) is recipe.precision


def _is_artifact(name: str, recipe: Recipe) -> bool:
    return name in (recipe.name, recipe.former_name)


def _check_floors(config: Config, steps: Iterable[Step]) -> None:
    """Raise DlconvError for floors of a name that is not made: they would have no effect."""
    recipes = [step.task.recipe for step in steps if isinstance(step.task, Convert)]
    made = {recipe.precision for recipe in recipes}
    precisions = [each.value for each in Precision if each in made]
    known = list(dict.fromkeys([*precisions, *(each.name for each in recipes)]))
    for name in config.floors:
        if not any(_is_precision(name, each) or _is_artifact(name, each) for each in recipes):
            reason = f"no precision or artifact {name!r} is made; {nearest(name, known)}"
            raise config.error(f"floors.{name}", reason)
