"""Checking a release: its files are those it lists, and its evidence is for exactly these bytes.

It needs neither TensorFlow nor a runtime. Besides the bytes of the files, it compares the
manifests, the frozen graph that they name, and the evidence, whose figures are computed again.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dlconv.artifacts.manifest import Manifest, read_artifact
from dlconv.errors import DlconvError
from dlconv.release.document import (
    RELEASE_NAME,
    SIGNATURE_NAME,
    SUMS_NAME,
    Model,
    Release,
    Released,
    content_digest,
    has_any,
    is_inside,
    is_name,
    listed_files,
    no_release,
    parse_release,
)
from dlconv.release.file_check import UNLISTED, Found, find_files, wrong_files
from dlconv.release.judge import complaints_about
from dlconv.release.papers import wrong_papers
from dlconv.release.problem import Problem
from dlconv.release.signature import files_not_signed
from dlconv.release.trust import Trust, complaint_about_signature
from dlconv.verify.document import Result


def check_release(folder: Path, trust: Trust | None = None) -> tuple[Problem, ...]:
    """Return the problems of the release in a folder, by path; none if it is right.

    With ``trust``, it has to be signed by the signer that this names; a signature has to be for
    these files in any case. Raises DlconvError where there is no release, or a file cannot be read.
    """
    if not has_any(folder, (RELEASE_NAME, SUMS_NAME)):
        raise no_release(folder)
    # model-signing follows no links.
    place = Path(os.path.realpath(folder))
    try:
        return tuple(sorted({*_problems(place, trust)}, key=lambda each: (each.path, each.what)))
    except OSError as error:
        raise DlconvError(f"cannot read {error.filename}: {error.strerror}") from error


def _problems(folder: Path, trust: Trust | None) -> Iterator[Problem]:
    found = find_files(folder)
    release = None
    if RELEASE_NAME not in found.digests:
        yield Problem(RELEASE_NAME, "is missing")
    else:
        try:
            release = parse_release((folder / RELEASE_NAME).read_bytes(), "it")
        except DlconvError as error:
            yield Problem(RELEASE_NAME, error.message.removeprefix("it "))
    yield from wrong_files(folder, found, release)
    if release is not None:
        yield from _wrong_lists(release)
        for released in release.artifacts:
            yield from _wrong_artifact(folder, found, release, released)
        yield from wrong_papers(folder, found.digests, release)
    yield from _wrong_signature(folder, found, trust)


def _wrong_signature(folder: Path, found: Found, trust: Trust | None) -> Iterator[Problem]:
    if SIGNATURE_NAME not in found.digests:
        if trust is not None:
            yield Problem(SIGNATURE_NAME, "is missing: the release is not signed")
        return
    unsigned = list(files_not_signed(folder, found.digests))
    yield from unsigned
    if trust is None or unsigned:
        return
    if complaint := complaint_about_signature(folder, trust):
        yield Problem(SIGNATURE_NAME, complaint)


def _wrong_lists(release: Release) -> Iterator[Problem]:
    for name in (release.name, release.version):
        if not is_name(name):
            yield Problem(RELEASE_NAME, f"{name!r} is not a valid folder name")
    paths = Counter(file.path for file in listed_files(release))
    for path, count in paths.items():
        if not is_inside(path):
            yield Problem(RELEASE_NAME, f"names {path!r}, which is outside the release")
        if count > 1:
            yield Problem(RELEASE_NAME, f"lists {path} more than once")
        if path in (*UNLISTED, SUMS_NAME):
            yield Problem(RELEASE_NAME, f"lists {path}, which it must not list")
    if release.content_sha256 != content_digest(release.artifacts):
        yield Problem(RELEASE_NAME, "content_sha256 is not that of the files it lists")
    if not any(_is_of(release.model, each.manifest) for each in release.artifacts):
        yield Problem(RELEASE_NAME, "its model is not what the artifacts were made from")


def _is_of(model: Model, manifest: Manifest) -> bool:
    source = manifest.source
    crop = manifest.contract.crop or model.crop
    made_from = source.model, source.url, source.graph_bytes, manifest.classes, crop
    return made_from == (model.name, model.url, model.graph_bytes, model.classes, model.crop)


def _wrong_artifact(
    folder: Path, found: Found, release: Release, released: Released
) -> Iterator[Problem]:
    if not is_name(released.path):
        yield Problem(RELEASE_NAME, f"{released.path!r} is not a valid folder name")
    if released.manifest.source.graph_sha256 != release.model.graph_sha256:
        yield Problem(RELEASE_NAME, f"{released.path} is of another frozen graph than the release")
    if released.entry not in {file.path for file in released.files}:
        yield Problem(RELEASE_NAME, f"{released.entry} is not a file of {released.path}")
    elif all(found.digests.get(file.path) == file.sha256 for file in released.files):
        yield from _wrong_manifest(folder, released)
    if not released.evidence:
        yield Problem(released.entry, "has no evidence")
    for result in released.evidence:
        where = f"{result.runtime.name} {result.runtime.backend}"
        for complaint in (*_complaints_about_subject(released, result), *complaints_about(result)):
            yield Problem(released.entry, f"the evidence in {where} {complaint}")


def _wrong_manifest(folder: Path, released: Released) -> Iterator[Problem]:
    try:
        artifact = read_artifact(folder / released.entry)
    except DlconvError as error:
        yield Problem(released.entry, f"has no manifest: {error.message}")
        return
    path = artifact.manifest_path.relative_to(folder).as_posix()
    try:
        artifact.check_reads()
    except DlconvError as error:
        yield Problem(released.entry, error.message.removeprefix(f"{artifact.entry} "))
    if artifact.manifest != released.manifest:
        yield Problem(path, f"is not the manifest that {RELEASE_NAME} holds")
    if artifact.entry != folder / released.entry:
        yield Problem(RELEASE_NAME, f"{released.entry} is not what runs of {released.path}")
    own = {(f"{released.path}/{file.path}", file.sha256) for file in released.manifest.files}
    if own != {(file.path, file.sha256) for file in released.files if file.path != path}:
        yield Problem(path, f"names other files than {RELEASE_NAME} lists in {released.path}")


def _complaints_about_subject(released: Released, result: Result) -> Iterator[str]:
    checked = {(f"{released.path}/{file.path}", file.sha256) for file in result.files}
    if checked != {(file.path, file.sha256) for file in released.files}:
        yield "is for other bytes"
    if result.artifact != released.entry:
        yield f"is for {result.artifact}"
    manifest = released.manifest
    if result.graph_sha256 != manifest.source.graph_sha256:
        yield "compares with another frozen graph"
    kind = manifest.source.model, manifest.target
    precisions = manifest.precision, manifest.precision.former_word
    if (result.model, result.target) != kind or result.precision not in precisions:
        yield "is of another model, target or precision"
