"""What inspect found as data: what ``--json`` prints, for one network and for two.

The dataclasses are its schema, version ``SCHEMA``, which ``dlconv schema inspect`` and ``dlconv
schema diff`` print as JSON Schema; a field that changes its meaning, or goes, makes a new version.
Bytes are bytes, sizes [height, width] in pixels. Null is what a format does not have or a file does
not tell; in a shape it is what varies.

Most of them are those that what is found consists of. The classes here are for what is printed in
another form: of a weight the least and the greatest value in place of all, in a match of two
weights, too; of a network the names and sizes of its files; of a frozen graph where it lies, beside
its source. Coverage is found by the room of conversions, which this one cannot import.
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
    """What it takes in the file."""
    minimum: float | None
    """Its least value; null where its values are not read or not finite."""
    maximum: float | None
    """Its greatest value; null as the minimum."""


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
    targets: tuple[str, ...]
    """The targets."""
    versions: dict[str, str]
    """Versions of the libraries that were asked."""
    operators_without_kernel: tuple[str, ...] | None
    """ONNX operators of the opset that ONNX Runtime cannot run; null if it does not say."""
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
    """Its files, the one that people name first."""
    inputs: tuple[TensorSpec, ...]
    """What goes in."""
    outputs: tuple[TensorSpec, ...]
    """What comes out."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""
    weights: tuple[Weight, ...]
    """Weights of a floating-point type once loaded, in the order of the file."""
    unknown: tuple[str, ...]
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
    boundaries: tuple[Boundary, ...] | None
    """Where one stage ends and others begin."""
    coverage: Coverage | None
    """Where the ops of a frozen graph can run; null also where that could not be found."""


@dataclass(frozen=True, config=RECORD)
class Side:
    """One of two networks."""

    origin: str
    """The path or the address."""
    format: str
    """What it is."""
    maker: str
    """Who wrote it."""
    files: tuple[File, ...]
    """Its files."""
    sizes: Sizes
    """Their bytes."""
    ops: dict[str, int]
    """Nodes by op, most frequent first."""


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
    differences: tuple[Difference, ...]
    """What differs in ends and by number."""
    counts: dict[str, Count]
    """The first network's weights by the kind of their match, and ``only_before``, ``only_after``
    and ``unread``."""
    matches: tuple[Match, ...]
    """Weights that both have, in the order of the first."""
    only_before: tuple[Weight, ...]
    """Weights of the first without a match."""
    only_after: tuple[Weight, ...]
    """Weights of the second without a match."""
    unread: tuple[Weight, ...]
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
