"""Which steps were done, and whether their results are still up to date.

Beside the artifacts, in ``.build/``, each step has a record: its inputs by name (digests, options,
versions) and the files it made by SHA-256. A step need not run if its record has exactly the
present inputs and no file has changed; a release has to pass ``dlconv check``, too, signed or not.
Times are not compared. A step whose record is missing, unreadable or damaged counts as one that
never ran; fetched models are looked up in the cache.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dlconv.artifacts.manifest import MANIFEST_NAME, read_artifact
from dlconv.cache import store
from dlconv.errors import DlconvError
from dlconv.fetch.fetch import find_fetched
from dlconv.formats.frozen_graph import check_graph_file
from dlconv.net.sources import local_path
from dlconv.plan.programs import programs
from dlconv.plan.steps import ARTIFACTS, Step
from dlconv.plan.tasks import Convert, Done, Fetch, Origin, Pack, Task, Verify
from dlconv.plan.versions import versions
from dlconv.registry.models import load_registry
from dlconv.release.check import check_release
from dlconv.release.evidence import evidence_path
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import digest_of
from dlconv.storage.sealed import read_sealed, write_sealed
from dlconv.verify.photos import find_pictures

STATE = ".build"


@dataclass(frozen=True)
class Record:
    """What a step did: inputs and versions by name, files below the root by SHA-256.

    ``memory`` is the peak memory of its process, in bytes.
    """

    inputs: Mapping[str, str]
    files: Mapping[str, str]
    bytes: int
    agreement: float | None
    memory: int


RECORD = TypeAdapter(Record)


class State:
    """The records below a root."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def place(self, step: Step, suffix: str) -> Path:
        """Return the path of a step's file with a suffix."""
        return self._root / ARTIFACTS / STATE / f"{step.name}{suffix}"

    def record(self, step: Step) -> Record | None:
        """Return the record of a step's last success, or None if there is none."""
        kept = read_sealed(self.place(step, ".json"))
        try:
            return None if kept is None else RECORD.validate_json(kept)
        except ValidationError:
            return None

    def keep(self, step: Step, done: Done, inputs: Mapping[str, str], memory: int) -> None:
        """Record what a step did. Raises DlconvError if the disk is full."""
        files = {str(path.relative_to(self._root)): sha for path, sha in done.files.items()}
        record = Record(inputs, files, done.bytes, done.agreement, memory)
        path = self.place(step, ".json")
        with disk_trouble(path):
            write_sealed(path, RECORD.dump_json(record, indent=2))

    def why_run(self, step: Step) -> str:
        """Return in a few words why a step has to run; empty if it need not.

        The steps it needs have to be done. Raises DlconvError for an input that cannot be read.
        """
        if isinstance(step.task, Fetch):
            return _why_fetch(step.task.origin)
        record = self.record(step)
        if record is None:
            return "not made yet"
        inputs = inputs_of(step)
        for name in sorted({*inputs, *record.inputs}):
            if inputs.get(name) != record.inputs.get(name):
                return f"{name} changed"
        for name, sha256 in record.files.items():
            if _digest_or_none(self._root / name) != sha256:
                return f"{name} is not what was made"
        return _why_pack(step.task.folder) if isinstance(step.task, Pack) else ""


def inputs_of(step: Step) -> dict[str, str]:
    """Return what a step's result depends on, by name, as digests or as they are.

    The steps it needs have to be done. Raises DlconvError for what cannot be read.
    """
    try:
        return {**versions(), **_own_inputs(step.task)}
    except OSError as error:
        raise DlconvError(f"cannot read {error.filename}: {error.strerror}") from error


def _own_inputs(task: Task) -> dict[str, str]:
    if isinstance(task, Fetch):
        return {}
    found = {"registry": _joined([repr(task.origin.entry)])}
    if isinstance(task, Convert):
        found["graph"] = graph_digest(task.origin)
        found["options"] = task.recipe.digest
        if task.origin.classes:
            found["classes"] = _joined(task.origin.classes)
        found["calibration photos"] = _photos_digest(task.calibrate)
    elif isinstance(task, Verify):
        found["artifact"] = digest_of(task.folder / MANIFEST_NAME)
        found["runtimes"] = " ".join(task.runtimes)
        found |= programs(task.runtimes)
        found["floors"] = json.dumps(vars(task.floors))
        found["photos"] = _photos_digest(task.photos or _own_photos(task.origin))
    else:
        artifacts = [read_artifact(folder) for folder in task.artifacts]
        found["version"] = task.version
        found["artifacts"] = _joined(digest_of(each.manifest_path) for each in artifacts)
        found["evidence"] = _joined(digest_of(evidence_path(each)) for each in artifacts)
    return found


def graph_digest(origin: Origin) -> str:
    """Return the SHA-256 of a model's frozen graph. Raises DlconvError if it is missing."""
    if origin.graph is not None:
        return _digest_of_graph(origin.graph)
    record = store.read_record(origin.model)
    if record is None:
        raise DlconvError(f"{origin.model} has not been fetched yet")
    return record.graph.sha256


def _digest_of_graph(path: Path) -> str:
    check_graph_file(path)
    try:
        return digest_of(path)
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error


def _why_fetch(origin: Origin) -> str:
    if origin.graph is not None:
        is_there = store.find_graph(_digest_of_graph(origin.graph)) is not None
    else:
        model = load_registry(origin.access.registry).find(origin.model)
        is_there = find_fetched(model, origin.access.mirror, origin.access.lock) is not None
    return "" if is_there else "not in the cache"


def _why_pack(release: Path) -> str:
    """Return the first problem of a release whose files are unchanged; empty if none."""
    return next(map(str, check_release(release)), "")


def _own_photos(origin: Origin) -> list[Path]:
    known = origin.entry
    if known is None or not known.photos:
        raise DlconvError(
            f"there are no photos to check {origin.model} on, so nothing can be checked",
            f"name some in dlconv.toml: [models.{origin.model}] photos",
        )
    return [local_path(known.photos)]


def _photos_digest(paths: Iterable[Path]) -> str:
    given = list(paths)
    if not given:
        return _joined([])
    found = find_pictures(given)
    photos = [f"{photo.name} {photo.sha256}" for photo in found.photos]
    return _joined([*photos, *(f"{each.name} {each.kind}" for each in found.skipped)])


def _joined(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _digest_or_none(path: Path) -> str | None:
    try:
        return digest_of(path)
    except OSError:
        return None
