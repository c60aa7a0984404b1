"""The plan: the steps that a configuration asks for, and which wait for which.

Planning is pure. A model is fetched, each of its artifacts converted and then verified, and what
passed is packed. An artifact that two entries ask for is made once; a precision is made for the
targets that have it. What is asked for and cannot be is an error before anything runs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dlconv.convert.convert import artifact_name
from dlconv.convert.interface import Interface
from dlconv.convert.quantize.scheme import ONNX_SCHEMES, TFJS_SCHEMES, Quantization, Scheme
from dlconv.errors import UsageError
from dlconv.plan.config import SCHEMES, Config, ModelTable, nearest
from dlconv.plan.tasks import Access, Convert, Fetch, Origin, Pack, Task, Verify
from dlconv.registry.models import Registry
from dlconv.runtimes.catalogue import choices_for, parse_choices
from dlconv.verify.floors import GivenFloors

ARTIFACTS = "artifacts"
RELEASE = "release"
SCHEMES_OF = {"tfjs": TFJS_SCHEMES, "onnx": ONNX_SCHEMES}


@dataclass(frozen=True)
class Step:
    """One thing to do, after all that it ``needs``; those are names of steps.

    ``artifact`` is the artifact's name, empty for what concerns all of a model.
    """

    task: Task
    artifact: str = ""
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return "/".join(filter(None, [self.model, self.artifact, self.task.kind]))

    @property
    def title(self) -> str:
        """What it does, in a few words."""
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
        steps += _steps_of(config, model, Origin(name, graph, access))
    _check_floors(config, steps)
    return steps


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
            convert.floors,
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
    for precision in model.precisions:
        scheme = SCHEMES[precision]
        if scheme is Scheme.AUTO and not model.calibrate:
            reason = "precisions: auto needs photos to check its tries on, 16 or more: calibrate"
            raise config.error(f"models.{origin.model}", reason)
        targets = [target for target in model.targets if scheme in SCHEMES_OF[target]]
        if not targets:
            reason = f"precisions: {' and '.join(model.targets)} artifacts have no {precision}"
            raise config.error(f"models.{origin.model}", reason)
        for target in targets:
            for size in model.input_sizes:
                name = artifact_name(target, Quantization(scheme), Interface(size))
                folder = config.folder / ARTIFACTS / origin.model / name
                calibrate = model.calibrate if scheme.is_calibrated else ()
                found[folder] = Convert(
                    origin,
                    folder,
                    target,
                    scheme,
                    size,
                    _below(config.folder, calibrate),
                    _floors(config, precision, name),
                )
    return found.values()


def _below(folder: Path, paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(folder / path for path in paths)


def _runtimes(config: Config, model: ModelTable, convert: Convert) -> tuple[str, ...]:
    try:
        chosen = choices_for(convert.target, parse_choices(model.runtimes))
    except UsageError as error:
        entry = f"models.{convert.origin.model}"
        raise config.error(entry, f"runtimes: {error.message}") from error
    return tuple(choice.spec for choice in chosen)


def _floors(config: Config, precision: str, artifact: str) -> GivenFloors:
    tables = [config.floors[name] for name in (precision, artifact) if name in config.floors]
    given: dict[str, float | None] = {}
    for table in tables:
        given.update({name: getattr(table, name) for name in table.model_fields_set})
    return GivenFloors(**given)


def _check_floors(config: Config, steps: Iterable[Step]) -> None:
    """Raise DlconvError for floors of nothing that is made: they would look as if they held."""
    made = {step.artifact: step.task for step in steps if isinstance(step.task, Convert)}
    schemes = {task.scheme for task in made.values()}
    known = [*(name for name, scheme in SCHEMES.items() if scheme in schemes), *made]
    for name in config.floors:
        if name not in known:
            reason = f"no precision or artifact {name!r} is made; {nearest(name, known)}"
            raise config.error(f"floors.{name}", reason)
