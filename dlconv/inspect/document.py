"""What inspect found as data: what ``--json`` prints, for one network and for two.

The classes are its schema, version ``SCHEMA``, which ``dlconv schema inspect`` and ``dlconv schema
diff`` print as JSON Schema; a field that changes its meaning, or goes, makes a new version. Bytes
are bytes, sizes [height, width] in pixels. Null is what a format does not have or a file does not
tell; in a shape it is what varies.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from dlconv.formats import network
from dlconv.graph.contract import TensorSpec
from dlconv.inspect import diff, matching
from dlconv.inspect.inspection import Inspection

SCHEMA: Literal[1] = 1

RECORD = ConfigDict(use_attribute_docstrings=True, extra="forbid")

Shape = list[int | None] | None


@dataclass(frozen=True, config=RECORD)
class FrozenGraph:
    """The file of a frozen graph, and where it came from."""

    path: str
    """Where it is."""
    model: str
    """The model's name, or one taken from the path."""
    graph_bytes: int
    """Its size."""
    graph_sha256: str
    """Its SHA-256."""
    url: str | None
    """The registry's address of its tarball."""
    tarball_bytes: int | None
    """The tarball's size."""
    tarball_sha256: str | None
    """The tarball's SHA-256."""


@dataclass(frozen=True, config=RECORD)
class File:
    """A file of a network."""

    name: str
    """Its name, without its folder."""
    bytes: int
    """Its size."""


@dataclass(frozen=True, config=RECORD)
class Tensor:
    """A tensor at the border of a network."""

    node: str
    """The node that it comes from."""
    dtype: str
    """Its element type, as numpy calls it."""
    shape: Shape
    """Its shape."""
    reason: str
    """Why it is an input or an output."""


@dataclass(frozen=True, config=RECORD)
class Weight:
    """A tensor of weights."""

    name: str
    """Its name in the file."""
    shape: list[int]
    """Its shape."""
    dtype: str
    """Its element type once it is loaded."""
    stored_dtype: str
    """Its element type in the file."""
    bytes: int
    """What it takes in the file."""
    minimum: float | None
    """Its least value; null where its values are not read or not finite."""
    maximum: float | None
    """Its greatest value; null as the minimum."""


@dataclass(frozen=True, config=RECORD)
class Contract:
    """What a graph promises, and why that is thought."""

    input: Tensor
    """The photo."""
    output: Tensor
    """The labels, or the scores."""
    crop: list[int] | None
    """The size it works at."""
    crop_reason: str
    """Why."""
    classes: int | None
    """How many classes it knows."""
    classes_reason: str
    """Why."""


@dataclass(frozen=True, config=RECORD)
class Candidate:
    """A node that could have been an input or an output, and why it is not."""

    role: str
    """Which of them."""
    node: str
    """Its name."""
    op: str
    """Its op."""
    reason: str
    """Why not."""


@dataclass(frozen=True, config=RECORD)
class Findings:
    """What a graph takes and gives, also where that makes no contract."""

    input: Tensor
    """The photo."""
    outputs: list[Tensor]
    """All outputs."""
    rejected: list[Candidate]
    """Nodes that could have been taken for one of these."""
    also_fed: list[str]
    """Placeholders that have to be fed beside the photo."""
    crop: list[int] | None
    """The size it works at."""
    crop_reason: str
    """Why."""
    classes: int | None
    """How many classes it knows."""
    classes_reason: str
    """Why."""


@dataclass(frozen=True, config=RECORD)
class OpCoverage:
    """An op, and where it could not run."""

    op: str
    """Its name."""
    frozen: int
    """Its nodes in the frozen graph."""
    onnx: int
    """Its nodes in the graph that is converted to ONNX."""
    tfjs: int
    """Its nodes in the graph that is converted to TF.js."""
    node: str
    """The first of them."""
    missing: dict[str, str]
    """Why a target could not run it, by targets, also where the rewriting removes it."""


@dataclass(frozen=True, config=RECORD)
class Coverage:
    """Which targets can run the ops, once the graph is rewritten for them."""

    covered: dict[str, bool]
    """Whether a target can run all of them, by targets."""
    opset: int
    """The opset of ONNX that was asked about."""
    targets: list[str]
    """The targets."""
    versions: dict[str, str]
    """Versions of the libraries that were asked."""
    operators_without_kernel: list[str] | None
    """ONNX operators of the opset that ONNX Runtime cannot run; null if it does not say."""
    ops: list[OpCoverage]
    """All ops by name."""


@dataclass(frozen=True, config=RECORD)
class Summary:
    """The size of a graph once it is loaded."""

    nodes: int
    """Nodes, constants included."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""
    weight_tensors: int
    """Constants of a floating-point type."""
    weight_elements: int
    """Their elements."""
    weight_bytes: int
    """Their bytes."""
    producer: int
    """The version of TensorFlow's graphs that it was written in."""


@dataclass(frozen=True, config=RECORD)
class Preprocessing:
    """What the graph does with the pixels first: (pixel - mean) * scale."""

    resize: str | None
    """How it resizes the photo."""
    pad_value: list[float] | None
    """What it pads the photo with, a number or one for each channel."""
    scale: list[float] | None
    """The scale, a number or one for each channel."""
    mean: list[float] | None
    """The mean, likewise."""
    not_understood: str | None
    """The first op that is more than arithmetic."""


@dataclass(frozen=True, config=RECORD)
class StageCost:
    """What a stage costs for one photo."""

    stage: str
    """Its name."""
    nodes: int
    """Its nodes."""
    multiply_adds: int
    """Multiply-adds of its convolutions and matrix multiplications."""
    weight_bytes: int
    """Bytes of its weights once loaded."""
    activation_bytes: int
    """The most that is alive at once while it runs, as float32."""


@dataclass(frozen=True, config=RECORD)
class Cost:
    """What one photo costs."""

    size: list[int] | None
    """The photo's size."""
    stages: list[StageCost]
    """Stage by stage, in the order they run."""
    multiply_adds: int
    """Of all stages."""
    weight_bytes: int
    """Of all stages."""
    activation_bytes: int
    """The most of any stage."""
    unknown: int
    """Nodes whose shape is not known, which count nothing."""


@dataclass(frozen=True, config=RECORD)
class Boundary:
    """A tensor that a stage gives to others."""

    tensor: str
    """Its name."""
    dtype: str
    """Its element type."""
    shape: Shape
    """Its shape for photos within the crop."""
    after: str
    """The stage that makes it."""
    before: list[str]
    """The stages that read it."""
    is_cut: bool
    """Whether the graph can be cut in two there."""


@dataclass(frozen=True, config=RECORD)
class Document:
    """What ``dlconv inspect`` found."""

    schema: Literal[1]
    """The version of this schema."""
    origin: str
    """The path or the address that was inspected."""
    format: str
    """What it is: ``frozen graph``, ``TF.js graph model``, ``ONNX`` and so on."""
    maker: str
    """Who wrote it, in which version, if the files tell."""
    files: list[File]
    """Its files, the one that people name first."""
    inputs: list[Tensor]
    """What goes in."""
    outputs: list[Tensor]
    """What comes out."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""
    weights: list[Weight]
    """Weights of a floating-point type once loaded, in the order of the file."""
    unknown: list[str]
    """What could not be told, in words."""
    graph: FrozenGraph | None
    """The frozen graph's file; null for other formats."""
    contract: Contract | None
    """What converters need; null where there is no image in and one output."""
    findings: Findings | None
    """What was found; null where the format has no graph of TensorFlow, and so are these:"""
    summary: Summary | None
    """The size of the graph."""
    preprocessing: Preprocessing | None
    """What happens to the pixels first."""
    cost: Cost | None
    """What a photo costs."""
    boundaries: list[Boundary] | None
    """Where one stage ends and others begin."""
    coverage: Coverage | None
    """Where the ops of a frozen graph can run; null also where that could not be found."""


@dataclass(frozen=True, config=RECORD)
class Sizes:
    """Bytes, summed over files."""

    raw: int
    """As they lie on disk."""
    gzip: int
    """With gzip, level 9."""
    brotli: int
    """With brotli, quality 11; 9 for files above 32 MiB."""


@dataclass(frozen=True, config=RECORD)
class Side:
    """One of two networks."""

    origin: str
    """The path or the address."""
    format: str
    """What it is."""
    maker: str
    """Who wrote it."""
    files: list[File]
    """Its files."""
    sizes: Sizes
    """Their bytes."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""


@dataclass(frozen=True, config=RECORD)
class Difference:
    """One thing that differs, as text."""

    what: str
    """What: an end, a number, or an op, whose nodes are counted."""
    before: str
    """In the first network."""
    after: str
    """In the second."""


@dataclass(frozen=True, config=RECORD)
class Match:
    """A tensor of each network that hold the same weights."""

    before: Weight
    """In the first network."""
    after: Weight
    """In the second."""
    kind: Literal["equal", "rounded", "scaled", "similar"]
    """To the last bit; by less than a step of how they are stored, root mean square; so, but for a
    factor for each channel; or one explains 90 % of the other."""
    difference: float
    """The largest between values, after the factors if there are any."""
    likeness: float
    """The share of the second's variance that the first explains, likewise; 1 at most."""


@dataclass(frozen=True, config=RECORD)
class Count:
    """So many weights."""

    tensors: int
    """Tensors."""
    elements: int
    """Their elements."""


@dataclass(frozen=True, config=RECORD)
class Comparison:
    """What ``dlconv inspect --diff`` found."""

    schema: Literal[1]
    """The version of this schema."""
    same: bool
    """Whether ends, ops and the values of all weights are the same."""
    before: Side
    """The first network."""
    after: Side
    """The second."""
    differences: list[Difference]
    """What differs in ends and by number."""
    counts: dict[str, Count]
    """The first network's weights by the kind of their match, and ``only_before``, ``only_after``
    and ``unread``."""
    matches: list[Match]
    """Weights that both have, in the order of the first."""
    only_before: list[Weight]
    """Weights of the first without a match."""
    only_after: list[Weight]
    """Weights of the second without a match."""
    unread: list[Weight]
    """Weights of either whose values no file told."""


def as_data(
    origin: str,
    found: network.Network,
    inspection: Inspection | None,
    graph: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return a network as data; ``graph`` is what is known of a frozen graph's file.

    Coverage is null: it is found when this is done, since both need much memory.
    """
    absent = dict.fromkeys(each.name for each in dataclasses.fields(Inspection))
    content = {
        "schema": SCHEMA,
        "origin": origin,
        "format": found.format,
        "maker": found.maker,
        "files": _files(found),
        "inputs": _tensors(found.inputs),
        "outputs": _tensors(found.outputs),
        "ops": found.ops,
        "weights": list(map(_weight, found.weights)),
        "unknown": found.unknown,
        "graph": graph,
        "coverage": None,
        **(absent if inspection is None else dataclasses.asdict(inspection)),
    }
    return _checked(Document, content)


def comparison_data(origins: Sequence[str], found: diff.Comparison) -> dict[str, Any]:
    """Return a comparison as data; ``origins`` are the paths or addresses of both networks."""
    weights = found.weights
    groups = {kind.value: [each.before for each in weights.of_kind(kind)] for kind in matching.Kind}
    rest = {
        "only_before": weights.only_before,
        "only_after": weights.only_after,
        "unread": weights.unread,
    }
    before, after = (
        _side(*side) for side in zip(origins, (found.before, found.after), found.sizes, strict=True)
    )
    content = {
        "schema": SCHEMA,
        "same": found.is_same,
        "before": before,
        "after": after,
        "differences": list(map(dataclasses.asdict, found.differences)),
        "counts": {name: _count(listed) for name, listed in {**groups, **rest}.items()},
        "matches": list(map(_match, weights.matches)),
        **{name: list(map(_weight, listed)) for name, listed in rest.items()},
    }
    return _checked(Comparison, content)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what inspect prints of one network."""
    return TypeAdapter(Document).json_schema(mode="serialization")


def comparison_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what inspect prints of two networks."""
    return TypeAdapter(Comparison).json_schema(mode="serialization")


def _checked(kind: Any, content: dict[str, Any]) -> dict[str, Any]:
    adapter = TypeAdapter(kind)
    data: dict[str, Any] = adapter.dump_python(adapter.validate_python(content), mode="json")
    return data


def _side(origin: str, found: network.Network, sizes: Any) -> dict[str, Any]:
    return {
        "origin": origin,
        "format": found.format,
        "maker": found.maker,
        "files": _files(found),
        "sizes": dataclasses.asdict(sizes),
        "ops": found.ops,
    }


def _files(found: network.Network) -> list[dict[str, Any]]:
    return [{"name": path.name, "bytes": path.stat().st_size} for path in found.files]


def _tensors(specs: Sequence[TensorSpec]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(spec) for spec in specs]


def _weight(weight: network.WeightTensor) -> dict[str, Any]:
    minimum, maximum = weight.range or (None, None)
    return {
        "name": weight.name,
        "shape": weight.shape,
        "dtype": weight.dtype,
        "stored_dtype": weight.stored_dtype,
        "bytes": weight.bytes,
        "minimum": minimum,
        "maximum": maximum,
    }


def _match(match: matching.Match) -> dict[str, Any]:
    return {
        "before": _weight(match.before),
        "after": _weight(match.after),
        "kind": match.kind.value,
        "difference": match.difference,
        "likeness": match.likeness,
    }


def _count(weights: Sequence[network.WeightTensor]) -> dict[str, int]:
    return {"tensors": len(weights), "elements": network.total_elements(weights)}
