"""A network as its files show it, whatever their format.

What a format does not have is empty, and ``unknown`` says so where a reader might expect it. The
weights are those of a floating-point type once loaded; integer constants are shapes and axes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract, TensorSpec, element_type, find_contract
from dlconv.graph.graph import Graph, attribute
from dlconv.graph.summary import is_weight
from dlconv.graph.tensors import array_of, extents_of

CONSTANT_OPS = frozenset({"Const", "Constant"})
# How far storing may move a value, relative to the largest of its tensor.
ROUNDING = {"float64": 1e-6, "float32": 1e-6, "float16": 2.0**-11, "bfloat16": 2.0**-8}


@dataclass(frozen=True, eq=False)
class WeightTensor:
    """A tensor of weights: its type once loaded and as stored, and the bytes that storing takes.

    ``values`` have its shape; None where the files that hold them are not read. ``scale`` is the
    distance of neighbouring values where codes are stored, the largest of its channels.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    stored_dtype: str
    bytes: int
    values: np.ndarray | None = field(repr=False)
    scale: float | None = None

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """The least and the greatest value; None for no values, or none that is finite."""
        if self.values is None or not self.elements:
            return None
        with np.errstate(invalid="ignore"):
            least, greatest = float(self.values.min()), float(self.values.max())
        return (least, greatest) if math.isfinite(greatest - least) else None

    @property
    def step(self) -> float:
        """How far storing may have moved a value."""
        if self.scale is not None:
            return self.scale
        largest = max(map(abs, self.range)) if self.range else 0.0
        return ROUNDING.get(self.stored_dtype, 0.0) * largest


@dataclass(frozen=True, eq=False)
class Network:
    """A network: its files, the one that people name first, and what they hold.

    ``ops`` counts by kind, most frequent first. ``stored_dtypes`` are the element types that the
    files hold weights in, codes among them; ``missing`` names files that should be there beside
    them, ``file_bytes`` the sizes of ``files``. ``graph`` is the graph with the values of all
    constants, where the format has one; ``contract`` what was found in it.

    Raises DlconvError for names with unprintable characters.
    """

    format: str
    maker: str
    files: tuple[Path, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    ops: dict[str, int]
    stored_dtypes: frozenset[str]
    weights: tuple[WeightTensor, ...] = ()
    missing: tuple[str, ...] = ()
    graph: Graph | None = None
    contract: Contract | None = None
    unknown: tuple[str, ...] = ()
    file_bytes: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Refuse unprintable names, and note sizes: the files may be removed after reading."""
        object.__setattr__(self, "file_bytes", tuple(each.stat().st_size for each in self.files))
        ends = [spec.node for spec in (*self.inputs, *self.outputs)]
        weights = [weight.name for weight in self.weights]
        for name in (self.maker, *ends, *weights, *self.ops):
            if not name.isprintable():
                raise DlconvError(f"{self.files[0]} has a name that cannot be shown: {name}")

    @property
    def nodes(self) -> int:
        """How many nodes it has, constants included."""
        return sum(self.ops.values())

    @property
    def bytes(self) -> int:
        """The bytes of its files."""
        return sum(self.file_bytes)


def constants_of(nodes: Iterable[NodeDef]) -> tuple[WeightTensor, ...]:
    """Return the weights that are constants among nodes."""
    return tuple(
        weight_of(node.name, array_of(node.attr["value"].tensor))
        for node in nodes
        if is_weight(node)
    )


def weight_of(name: str, values: np.ndarray) -> WeightTensor:
    """Return a tensor of weights that is stored in its own type."""
    dtype = values.dtype.name
    return WeightTensor(name, values.shape, dtype, dtype, values.nbytes, values)


def contract_of(graph: Graph) -> tuple[Contract | None, tuple[str, ...]]:
    """Return the contract of a graph, or None and why there is none."""
    try:
        return find_contract(graph), ()
    except DlconvError as error:
        return None, (f"the contract: {error.message}",)


def placeholders_of(graph: Graph) -> tuple[TensorSpec, ...]:
    """Return the inputs of a graph without a contract, as the nodes state them."""
    return tuple(
        TensorSpec(node.name, element_type(node), extents_of(attribute(node, "shape").shape))
        for node in graph.nodes.values()
        if node.op == "Placeholder"
    )


def total_elements(weights: Iterable[WeightTensor]) -> int:
    """Return how many numbers tensors hold together."""
    return sum(weight.elements for weight in weights)
