"""The bill of materials of a release, as CycloneDX 1.6 has it for machine learning.

It lists the artifacts with their files, the frozen graph they were made from, what that was trained
on, and the tools that made and ran them. What was measured is in the artifacts' model cards. The
same release gives the same bytes: the serial number is made of its content, and there is no time.
"""

import json
import re
import uuid
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dlconv.errors import DlconvError
from dlconv.graph.contract import TensorSpec
from dlconv.release.document import Release, Released
from dlconv.verify.document import Result

if TYPE_CHECKING:
    from cyclonedx.model import HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component

BOM_NAME = "bom.cdx.json"
# Names that no path of a file has.
RELEASE, GRAPH, DATASET = "dlconv:release", "dlconv:graph", "dlconv:dataset"
# Runtimes report switches besides versions.
_VERSION = re.compile(r"\d+(\.\d+)+\S*")


def bom(release: Release) -> bytes:
    """Return the bill as it is stored.

    Raises DlconvError where an entry of the registry is not valid in a CycloneDX document.
    """
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    content = bill(release)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()):
        raise _refusal(release, error)
    return content


def bill(release: Release) -> bytes:
    """Return the bill as it is stored, without validating it. Raises DlconvError as ``bom``."""
    from cyclonedx.exception import CycloneDxException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _bill(release)
    except (CycloneDxException, ValueError) as error:
        raise _refusal(release, error) from error


def _refusal(release: Release, error: object) -> DlconvError:
    return DlconvError(
        f"{release.name} gives no bill of materials: {error}", "check the registry's entry"
    )


def _bill(release: Release) -> bytes:
    from cyclonedx.output.json import JsonV1Dot6

    content = json.loads(JsonV1Dot6(_bom(release)).output_as_string())
    del content["metadata"]["timestamp"]
    cards = {each.path: _model_card(release, each) for each in release.artifacts}
    for component in content["components"]:
        if card := cards.get(component["bom-ref"]):  # the library has no class for it yet
            component["modelCard"] = card
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _bom(release: Release) -> "Bom":
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    said = {"content_sha256": release.content_sha256}
    if release.packed_by:
        said["packed_by"] = release.packed_by
    whole = Component(
        bom_ref=RELEASE,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=release.name,
        version=release.version,
        description=release.model.note or None,
        licenses=_licences(release),
        properties=_properties(said),
    )
    graph, artifacts = _graph(release), [_artifact(release, each) for each in release.artifacts]
    dataset = _dataset(release)
    made = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{release.content_sha256}"),
        metadata=BomMetaData(component=whole, tools=ToolRepository(components=_tools(release))),
        components=[*artifacts, graph, *dataset],
    )
    made.register_dependency(whole, artifacts)
    for artifact in artifacts:
        made.register_dependency(artifact, [graph])
    made.register_dependency(graph, dataset)
    return made


def _artifact(release: Release, released: Released) -> "Component":
    from cyclonedx.model.component import Component, ComponentType

    files = [
        Component(
            bom_ref=file.path,
            type=ComponentType.FILE,
            name=file.path,
            hashes=_hashes({"sha256": file.sha256}),
            properties=_properties({"bytes": str(file.bytes)}),
        )
        for file in released.files
    ]
    return Component(
        bom_ref=released.path,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=released.path,
        version=release.version,
        description=released.title,
        licenses=_licences(release),
        properties=_properties({"command": released.command, "entry": released.entry}),
        components=files,
    )


def _graph(release: Release) -> "Component":
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.component import Component, ComponentType

    model = release.model
    tarball = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(model.url or ""),
        hashes=_hashes(model.tarball_digests),
    )
    return Component(
        bom_ref=GRAPH,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=model.name,
        description="the frozen graph that the artifacts were made from",
        licenses=_licences(release),
        hashes=_hashes({"sha256": model.graph_sha256}),
        external_references=[tarball] if model.url else [],
        properties=_properties({"bytes": str(model.graph_bytes)}),
    )


def _dataset(release: Release) -> list["Component"]:
    from cyclonedx.model.component import Component, ComponentType

    model = release.model
    if not model.dataset:
        return []
    terms = model.dataset_terms or None
    kind = ComponentType.DATA
    return [Component(bom_ref=DATASET, type=kind, name=model.dataset, description=terms)]


def _tools(release: Release) -> list["Component"]:
    from cyclonedx.model.component import Component, ComponentType

    said = [each.manifest.versions for each in release.artifacts]
    said += [result.runtime.versions for each in release.artifacts for result in each.evidence]
    found = {(name, value) for versions in said for name, value in versions.items()}
    return [
        Component(type=ComponentType.LIBRARY, name=name, version=value)
        for name, value in sorted(found)
        if _VERSION.fullmatch(value)
    ]


def _licences(release: Release) -> Iterable[Any]:
    from cyclonedx.contrib.license.factories import LicenseFactory

    licence = release.model.licence
    return [LicenseFactory().make_from_string(licence)] if licence else []


def _hashes(digests: dict[str, str]) -> "list[HashType]":
    from cyclonedx.contrib.hash.factories import HashTypeFactory

    make = HashTypeFactory().from_hashlib_alg
    return [make(name, digest) for name, digest in sorted(digests.items())]


def _properties(values: dict[str, str]) -> Iterable[Any]:
    from cyclonedx.model import Property

    return [Property(name=f"dlconv:{name}", value=value) for name, value in values.items()]


def _model_card(release: Release, released: Released) -> dict[str, Any]:
    contract = released.manifest.contract
    parameters: dict[str, Any] = {
        "task": "semantic segmentation",
        "inputs": [{"format": _format(contract.input)}],
        "outputs": [{"format": _format(contract.output)}],
    }
    if release.model.dataset:
        parameters["datasets"] = [{"ref": DATASET}]
    metrics = [metric for result in released.evidence for metric in _metrics(result)]
    return {
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": metrics},
    }


def _format(spec: TensorSpec) -> str:
    extents = ["any" if extent is None else str(extent) for extent in spec.shape or ()]
    return f"{spec.node}: {spec.dtype} [{', '.join(extents)}]"


def _metrics(result: Result) -> list[dict[str, str]]:
    agreement = result.agreement
    values = {
        "agreement with the frozen graph, mean of the photos": agreement and agreement.mean,
        "agreement with the frozen graph, worst photo": agreement and agreement.worst,
        "mIoU with the frozen graph": result.miou,
        "ms per photo, median": result.ms_median,
    }
    where = f"{result.runtime.name} {result.runtime.backend}, {len(result.photos)} photos"
    return [
        {"type": name, "value": str(value), "slice": where}
        for name, value in values.items()
        if value is not None
    ]
