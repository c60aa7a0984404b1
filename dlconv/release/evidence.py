"""Evidence: what verify measured on an artifact, kept beside it.

``<artifact>.verified.json`` is a report of ``dlconv verify`` on this one artifact, with a result
for each runtime. A result is valid for exactly the bytes it names; results for other bytes, such as
earlier ones of the same artifact, are ignored, and removed when the next result is stored.
"""

from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dlconv.artifacts.choose import EVIDENCE_SUFFIX
from dlconv.artifacts.manifest import MANIFEST_NAME, Artifact, read_artifact
from dlconv.errors import DlconvError
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import write_atomically
from dlconv.storage.locked import locked
from dlconv.verify.document import SCHEMA, Document, Result, document_of, for_json
from dlconv.verify.result import ArtifactResult


def evidence_path(artifact: Artifact) -> Path:
    """Return where the evidence for an artifact is: beside its folder, or beside its ONNX file."""
    is_folder = artifact.manifest_path.name == MANIFEST_NAME
    place = artifact.directory if is_folder else artifact.entry
    return place.with_name(f"{place.name}{EVIDENCE_SUFFIX}")


def keep_evidence(results: Iterable[ArtifactResult]) -> None:
    """Keep results beside their artifacts, in place of earlier ones of the same runtime.

    Those of artifacts without a manifest, or compared with another graph than theirs, are not kept.
    """
    by_artifact: dict[Path, list[ArtifactResult]] = {}
    for result in results:
        if not _is_of_own_graph(result.artifact):
            continue
        by_artifact.setdefault(result.artifact.manifest_path, []).append(result)
    for found in by_artifact.values():
        path = evidence_path(found[0].artifact)
        with disk_trouble(path), locked(path):
            _keep(found, path)


def _keep(found: list[ArtifactResult], path: Path) -> None:
    """Store results of one artifact, under a lock."""
    newest = document_of(found).results
    places = {_place(result) for result in newest}
    kept = [each for each in evidence_for(found[0].artifact) if _place(each) not in places]
    results_now = sorted([*kept, *newest], key=_place)
    passed = all(each.passed for each in results_now)
    write_atomically(path, for_json(Document(SCHEMA, passed, results_now)))


def evidence_for(artifact: Artifact, extra: Iterable[Path] = ()) -> list[Result]:
    """Return all results for exactly the bytes of an artifact, by runtime.

    They come from beside it and then from ``extra`` reports of verify, so that there may be several
    of one runtime. Raises DlconvError for a report that cannot be read.
    """
    beside = evidence_path(artifact)
    paths = [*([beside] if beside.is_file() else []), *extra]
    results = [result for path in paths for result in _read(path).results]
    own = {(file.path, file.sha256) for file in artifact.all_files}
    matching = [
        each for each in results if {(file.path, file.sha256) for file in each.files} == own
    ]
    return sorted(matching, key=_place)


def last_of_each_runtime(results: Iterable[Result]) -> list[Result]:
    """Return one result of each runtime, the last."""
    return list({_place(each): each for each in results}.values())


def _is_of_own_graph(artifact: Artifact) -> bool:
    path = artifact.manifest_path
    return path.is_file() and read_artifact(path).manifest.source == artifact.manifest.source


def _place(result: Result) -> tuple[str, str]:
    return result.runtime.name, result.runtime.backend


def _read(path: Path) -> Document:
    try:
        return TypeAdapter(Document).validate_json(path.read_bytes())
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise DlconvError(
            f"{path} is not a report of this dlconv",
            "write it again: verify makes such reports",
            code="no-report",
        ) from error
