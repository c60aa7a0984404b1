"""What inspect found as data: what ``--json`` prints, for one network and for two.

The dataclasses are its schema, version ``SCHEMA``, which ``dlconv schema inspect`` and ``dlconv
schema diff`` print as JSON Schema; a field that changes its meaning, or goes, makes a new version.
Bytes are bytes, sizes [height, width] in pixels. Null means that a format has no such value or a
file does not state it; in a shape, that the extent varies.

Most of these classes come from the modules that compute the results. Those defined here differ in
form from what was computed: a weight has its least and greatest value instead of all values, a
network the names and sizes of its files, a frozen graph its path beside its source. Coverage is
computed in ``convert``, which this room cannot import.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass
from pydantic.json_schema import GenerateJsonSchema, NoDefault

from dlconv.formats import network
from dlconv.graph.contract import Contract, Findings, TensorSpec
from dlconv.graph.summary import Summary
from dlconv.inspect import diff, matching
from dlconv.inspect.boundaries import Boundary
from dlconv.inspect.compressed import Sizes
from dlconv.inspect.cost import Cost
from dlconv.inspect.diff import Difference
from dlconv.inspect.inspection import Inspection
from dlconv.inspect.preprocessing import Preprocessing

SCHEMA: Literal[1] = 1

RECORD = ConfigDict(use_attribute_docstrings=True, extra="forbid")


@dataclass(frozen=True, config=RECORD)
class FrozenGraph:
    """The file of a frozen graph, and where it came from."""

    path: str
    """Its path."""
    model: str
    """The model's name, or one made from the path."""
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
class Weight:
    """A tensor of weights."""

    name: str
    """Its name in the file."""
    shape: tuple[int, ...]
    """Its shape."""
    dtype: str
    """Its element type once it is loaded."""
    stored_dtype: str
    """Its element type in the file."""
    bytes: int
    """Its bytes in the file."""
    minimum: float | None
    """Its least value; null where its values are not available or not finite."""
    maximum: float | None
    """Its greatest value; null where the minimum is."""


@dataclass(frozen=True, config=RECORD)
class OpCoverage:
    """An op, and the targets that do not compute it rightly."""

    op: str
    """Its name."""
    frozen: int
    """Number of its nodes in the frozen graph."""
    onnx: int
    """Number of its nodes in the graph that is converted to ONNX."""
    tfjs: int
    """Number of its nodes in the graph that is converted to TF.js."""
    litert: int
    """Number of its nodes in the graph that is converted to LiteRT."""
    node: str
    """The name of its first node."""
    missing: dict[str, str]
    """By target, why it does not compute it rightly; also where rewriting removes the op."""
    gaps: dict[str, str]
    """The same for the nodes that are left in the graphs that are converted."""
    lowered: tuple[str, ...]
    """The ops that its nodes are written as for TF.js."""


@dataclass(frozen=True, config=RECORD)
class LitertOperator:
    """A builtin operator of LiteRT in the file that is written."""

    operator: str
    """Its name."""
    nodes: int
    """How many of them there are."""
    xnnpack: int | None
    """How many of them XNNPACK runs; null if that is unknown."""


@dataclass(frozen=True, config=RECORD)
class Coverage:
    """Which targets compute the ops rightly, once the graph is rewritten for them."""

    covered: dict[str, bool]
    """By target, whether it computes all ops rightly, as measured."""
    opset: int
    """The ONNX opset that ops were looked up in."""
    targets: tuple[str, ...]
    """The targets."""
    versions: dict[str, str]
    """Versions of the libraries that this was read from."""
    operators_without_kernel: tuple[str, ...] | None
    """ONNX operators of the opset that ONNX Runtime cannot run; null if that is unknown."""
    litert: tuple[LitertOperator, ...]
    """The operators of the LiteRT file that is written; none where it is not written or large."""
    ops: tuple[OpCoverage, ...]
    """All ops by name."""


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
    files: tuple[File, ...]
    """Its files; the first is the one that users name."""
    inputs: tuple[TensorSpec, ...]
    """Its inputs."""
    outputs: tuple[TensorSpec, ...]
    """Its outputs."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""
    weights: tuple[Weight, ...]
    """Weights of a floating-point type once loaded, in the order of the file."""
    unknown: tuple[str, ...]
    """What could not be determined, in words."""
    graph: FrozenGraph | None
    """The frozen graph's file; null for other formats."""
    contract: Contract | None
    """What converters need; null unless there is one image input and one output."""
    findings: Findings | None
    """How input and output were found; this and the next four are null without a graph."""
    summary: Summary | None
    """The size of the graph."""
    preprocessing: Preprocessing | None
    """What the graph does to the pixels first."""
    cost: Cost | None
    """What a photo costs."""
    boundaries: tuple[Boundary, ...] | None
    """Where one stage ends and others begin."""
    coverage: Coverage | None
    """Which targets can run the ops of a frozen graph; null also where that is unknown."""


@dataclass(frozen=True, config=RECORD)
class Side:
    """One of two networks."""

    origin: str
    """The path or the address."""
    format: str
    """Its format."""
    maker: str
    """Who wrote it."""
    files: tuple[File, ...]
    """Its files."""
    sizes: Sizes
    """The sizes of its files."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""


@dataclass(frozen=True, config=RECORD)
class Match:
    """Two tensors, one of each network, that hold the same weights."""

    before: Weight
    """In the first network."""
    after: Weight
    """In the second."""
    kind: Literal["equal", "rounded", "scaled", "similar"]
    """``equal``: bit by bit; ``rounded``: the root mean square difference is at most one storage
    step; ``scaled``: the same after a factor for each channel; ``similar``: one explains 90 % of
    the variance of the other.
    """
    difference: float
    """The largest absolute difference of two values, after the factors if there are any."""
    likeness: float
    """The share of the second's variance that the first explains, after the factors; at most 1."""


@dataclass(frozen=True, config=RECORD)
class Count:
    """How many weights there are."""

    tensors: int
    """Tensors."""
    elements: int
    """Their elements."""


@dataclass(frozen=True, config=RECORD)
class Comparison:
    """What ``dlconv inspect diff`` found."""

    schema: Literal[1]
    """The version of this schema."""
    same: bool
    """Whether inputs, outputs, ops and the values of all weights are the same."""
    before: Side
    """The first network."""
    after: Side
    """The second."""
    differences: tuple[Difference, ...]
    """What differs in inputs, outputs and counts."""
    counts: dict[str, Count]
    """Counts of weights by the kind of their match, and under ``only_before``, ``only_after`` and
    ``unread``.
    """
    matches: tuple[Match, ...]
    """Weights that both have, in the order of the first."""
    only_before: tuple[Weight, ...]
    """Weights of the first without a match."""
    only_after: tuple[Weight, ...]
    """Weights of the second without a match."""
    unread: tuple[Weight, ...]
    """Weights of either network whose values could not be read."""


def as_data(
    origin: str,
    found: network.Network,
    inspection: Inspection | None,
    graph: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return a network as data; ``graph`` describes the file of a frozen graph.

    Coverage is null: it is computed afterwards, since both need much memory.
    """
    return _dumped(
        Document(
            schema=SCHEMA,
            origin=origin,
            format=found.format,
            maker=found.maker,
            files=_files(found),
            inputs=found.inputs,
            outputs=found.outputs,
            ops=found.ops,
            weights=tuple(map(_weight, found.weights)),
            unknown=found.unknown,
            graph=None if graph is None else FrozenGraph(**graph),
            coverage=None,
            **{
                each.name: getattr(inspection, each.name, None)
                for each in dataclasses.fields(Inspection)
            },
        )
    )


def comparison_data(origins: Sequence[str], found: diff.Comparison) -> dict[str, Any]:
    """Return a comparison as data; ``origins`` are the paths or addresses of both networks."""
    weights = found.weights
    groups = {kind.value: [each.before for each in weights.of_kind(kind)] for kind in matching.Kind}
    rest = {
        "only_before": weights.only_before,
        "only_after": weights.only_after,
        "unread": weights.unread,
    }
    before, after = map(_side, origins, (found.before, found.after), found.sizes)
    return _dumped(
        Comparison(
            schema=SCHEMA,
            same=found.is_same,
            before=before,
            after=after,
            differences=found.differences,
            counts={name: _count(listed) for name, listed in {**groups, **rest}.items()},
            matches=tuple(map(_match, weights.matches)),
            **{name: tuple(map(_weight, listed)) for name, listed in rest.items()},
        )
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what inspect prints of one network."""
    return _schema_of(Document)


def comparison_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what inspect prints of two networks."""
    return _schema_of(Comparison)


class _Printed(GenerateJsonSchema):
    """A schema of what is printed, where no field is left out, whatever its default."""

    def field_is_required(self, *_: Any, **__: Any) -> bool:
        return True

    def get_default_value(self, _: Any) -> Any:
        return NoDefault


def _schema_of(kind: type) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema(mode="serialization", schema_generator=_Printed)


def _dumped(document: Document | Comparison) -> dict[str, Any]:
    data: dict[str, Any] = TypeAdapter(type(document)).dump_python(document, mode="json")
    return data


def _side(origin: str, found: network.Network, sizes: Sizes) -> Side:
    return Side(origin, found.format, found.maker, _files(found), sizes, found.ops)


def _files(found: network.Network) -> tuple[File, ...]:
    sizes = zip(found.files, found.file_bytes, strict=True)
    return tuple(File(path.name, size) for path, size in sizes)


def _weight(weight: network.WeightTensor) -> Weight:
    minimum, maximum = weight.range or (None, None)
    return Weight(
        name=weight.name,
        shape=weight.shape,
        dtype=weight.dtype,
        stored_dtype=weight.stored_dtype,
        bytes=weight.bytes,
        minimum=minimum,
        maximum=maximum,
    )


def _match(match: matching.Match) -> Match:
    return Match(
        before=_weight(match.before),
        after=_weight(match.after),
        kind=match.kind.value,
        difference=match.difference,
        likeness=match.likeness,
    )


def _count(weights: Sequence[network.WeightTensor]) -> Count:
    return Count(len(weights), network.total_elements(weights))
