"""Packing: artifacts that passed, and their proof, as one folder.

Only verified artifacts are packed: each needs evidence for exactly its bytes, from at least one
runtime, and every result for them has to have passed, even one that a later result of the same
runtime replaces. The same artifacts and evidence give the same bytes. The folder is made beside its
target, and renamed when it is complete and ``dlconv check`` finds no problem. A killed pack leaves
a folder whose name starts with a dot; the next pack removes it.
"""

import dataclasses
import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import dlconv
from dlconv.artifacts.manifest import MANIFEST_NAME, Artifact, file_entry
from dlconv.errors import DlconvError, UsageError
from dlconv.registry.entries import Model as RegistryModel
from dlconv.release.check import check_release
from dlconv.release.command import command_of
from dlconv.release.document import (
    RELEASE_NAME,
    SUMS_NAME,
    Model,
    Release,
    Released,
    as_json,
    content_digest,
    listed_files,
    read_release,
)
from dlconv.release.evidence import evidence_for, last_of_each_runtime
from dlconv.release.file_check import UNLISTED
from dlconv.release.papers import PAPERS
from dlconv.release.sums import sums
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_directory, paths_below
from dlconv.verify.document import File, Result

VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
MAKE_WAY = "move it away, or name another folder"


def pack(
    artifacts: Sequence[Artifact],
    version: str,
    target: Path,
    known: RegistryModel | None = None,
    reports: Sequence[Path] = (),
) -> Release:
    """Write a release of artifacts into the folder ``target``, which is replaced if it is one.

    ``known`` is the model's entry of the registry, ``reports`` are JSON reports of verify beside
    the evidence that lies beside the artifacts. Raises DlconvError for an artifact that is not
    verified as it is, or did not pass, UsageError for artifacts that do not belong together, an
    invalid version, or a target that holds anything but a release.
    """
    _check_request(artifacts, version)
    with disk_trouble(target), new_directory(target, _check_replaceable) as folder:
        released = [_released(artifact, reports) for artifact in artifacts]
        model = describe_model(artifacts[0], known)
        for artifact in artifacts:
            _copy(artifact, folder / _folder_name(artifact))
        release = Release(
            schema=1,
            name=model.name,
            version=version,
            content_sha256=content_digest(released),
            model=model,
            artifacts=released,
            files=[],
            packed_by=dlconv.__version__,
        )
        release = dataclasses.replace(release, files=_write_papers(release, folder))
        (folder / RELEASE_NAME).write_bytes(as_json(release))
        (folder / SUMS_NAME).write_bytes(sums(folder))
        if problems := check_release(folder):
            raise DlconvError(f"{target} would not be right: {problems[0]}", "dlconv verify")
    return release


def _write_papers(release: Release, folder: Path) -> list[File]:
    for name, write in PAPERS.items():
        (folder / name).write_bytes(write(release))
    entries = [file_entry(folder / name) for name in sorted(PAPERS)]
    return [File(each.path, each.bytes, each.sha256) for each in entries]


def describe_model(artifact: Artifact, known: RegistryModel | None) -> Model:
    """Describe what an artifact was made from, as far as its manifest and the registry tell.

    An entry of the same name for another tarball does not describe this graph.
    """
    manifest = artifact.manifest
    source = manifest.source
    if known is not None and known.url != source.url:
        known = None
    seen = {} if source.tarball_sha256 is None else {"sha256": source.tarball_sha256}
    return Model(
        name=source.model,
        url=source.url,
        tarball_digests={**(known.tarball_digests if known else {}), **seen},
        graph_bytes=source.graph_bytes,
        graph_sha256=source.graph_sha256,
        licence=known.licence if known else "",
        dataset=known.dataset.title if known else "",
        dataset_terms=known.dataset.terms if known else "",
        crop=manifest.contract.crop or (known.crop if known else None),
        classes=manifest.classes,
        colours=known.dataset.colours if known else (),
        note=known.note if known else "",
    )


def _check_request(artifacts: Sequence[Artifact], version: str) -> None:
    if not VERSION.fullmatch(version):
        raise UsageError(f"invalid version {version!r}", "give one such as 1.2.0")
    graphs = {artifact.manifest.source.graph_sha256 for artifact in artifacts}
    if len(graphs) != 1:
        raise UsageError(f"a release is of one model, not of {len(graphs)}", "pack each by itself")
    names = [_folder_name(artifact) for artifact in artifacts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two artifacts are called {twice[0]}")


def _check_replaceable(target: Path) -> None:
    """Refuse a target that is neither empty nor only a release: all of it would be removed."""
    if target.is_dir() and not any(target.iterdir()):
        return
    try:
        listed = {file.path for file in listed_files(read_release(target))}
    except DlconvError as error:
        raise UsageError(
            f"{target} is there already and is not a release", MAKE_WAY, code="in-the-way"
        ) from error
    others = paths_below(target) - listed - {*UNLISTED, SUMS_NAME}
    if others:
        raise UsageError(
            f"{target} holds {min(others)}, which is not of the release there",
            MAKE_WAY,
            code="in-the-way",
        )


def _released(artifact: Artifact, reports: Sequence[Path]) -> Released:
    artifact.check_files()
    results = evidence_for(artifact, reports)
    _check_passed(artifact, results)
    name = _folder_name(artifact)
    entry = f"{name}/{artifact.entry.name}"
    return Released(
        path=name,
        entry=entry,
        title=artifact.title,
        command=command_of(artifact.manifest),
        manifest=artifact.manifest,
        files=[File(f"{name}/{file.path}", file.bytes, file.sha256) for file in artifact.all_files],
        evidence=[
            dataclasses.replace(result, artifact=entry) for result in last_of_each_runtime(results)
        ],
    )


def _check_passed(artifact: Artifact, results: Sequence[Result]) -> None:
    again = shlex.join(["dlconv", "verify", str(artifact.entry)])
    if not results:
        raise DlconvError(f"{artifact.entry} is not verified as it is", again)
    for result in results:
        if not result.passed:
            where = f"{result.runtime.name} {result.runtime.backend}"
            reason = "; ".join(result.failures)
            raise DlconvError(f"{artifact.entry} did not pass in {where}: {reason}", again)


def _folder_name(artifact: Artifact) -> str:
    """Return the folder's name, or for an ONNX file of any name that without its ending."""
    is_folder = artifact.manifest_path.name == MANIFEST_NAME
    return artifact.directory.resolve().name if is_folder else artifact.entry.stem


def _copy(artifact: Artifact, folder: Path) -> None:
    folder.mkdir()
    for file in artifact.all_files:
        shutil.copyfile(artifact.directory / file.path, folder / file.path)
