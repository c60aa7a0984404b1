"""Choosing artifacts: those at the paths that are named, or all below a folder.

What dlconv puts beside artifacts, evidence and curves, is skipped.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from dlconv.addresses import address_in
from dlconv.artifacts.foreign import foreign_artifact
from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact, find_artifacts, has_manifest, read_artifact
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

ARTIFACTS_ROOT = Path("artifacts")
EVIDENCE_SUFFIX = ".verified.json"
CURVE_SUFFIX = ".curve.svg"
BESIDE_ARTIFACTS = (EVIDENCE_SUFFIX, CURVE_SUFFIX)


def choose_artifacts(
    paths: Iterable[Path], root: Path = ARTIFACTS_ROOT, reference: FrozenGraph | None = None
) -> list[Artifact]:
    """Return the artifacts at ``paths``, or all below ``root`` when none is named.

    A path that is a folder of artifacts stands for all of them; what dlconv puts beside artifacts,
    which a shell's ``*`` names, too, is skipped. If a ``reference`` is given, they are compared
    with it, and need no manifest. Raises DlconvError when there is no artifact.
    """
    named = [path for path in paths if not path.name.endswith(BESIDE_ARTIFACTS)]
    chosen = [artifact for path in named for artifact in _artifacts_at(path, reference)]
    if chosen:
        return chosen
    found = find_artifacts(root)
    if not found:
        raise DlconvError(f"there are no artifacts below {root}/", "make one: dlconv tfjs")
    return [_compared_with(artifact, reference) for artifact in found]


def _artifacts_at(path: Path, reference: FrozenGraph | None) -> list[Artifact]:
    if address := address_in(path):
        raise DlconvError(
            f"{address} is an address, and an artifact of this computer is needed",
            "download its folder first, with its manifest",
        )
    below = find_artifacts(path) if path.is_dir() else []
    if reference is not None and not below and path.exists() and not has_manifest(path):
        contract = find_contract(Graph(read_graph(reference.path)))
        return [foreign_artifact(path, reference.source, contract, reference.classes)]
    return [_compared_with(artifact, reference) for artifact in below or [read_artifact(path)]]


def _compared_with(artifact: Artifact, reference: FrozenGraph | None) -> Artifact:
    if reference is None:
        return artifact
    manifest = dataclasses.replace(artifact.manifest, source=reference.source)
    return dataclasses.replace(artifact, manifest=manifest)
