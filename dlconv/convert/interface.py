"""What an artifact's input and output look like, and the graph that has them.

By default an artifact has the frozen graph's own: photos of any size up to the crop in, labels out.
A page in a browser may want another: one fixed size, float32 pixels, scores or probabilities in
place of labels, labels as int32. A fixed size other than the crop is another resolution, and so
another function of the photo; everything else computes the same.
"""

from dataclasses import dataclass
from pathlib import Path

from dlconv.convert.rewrite import rewrite
from dlconv.convert.rewrite.choose_input import choose_input
from dlconv.convert.rewrite.choose_output import choose_output
from dlconv.convert.rewrite.fix_input import fix_input
from dlconv.errors import DlconvError, UsageError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import Contract, find_contract
from dlconv.graph.edit import Pass
from dlconv.graph.graph import Graph


@dataclass(frozen=True)
class Interface:
    """What is asked for; None and ``labels`` leave the frozen graph's own.

    ``input_size`` is height and width in pixels, ``input_dtype`` uint8 or float32, ``output``
    labels, scores or probabilities, ``output_dtype`` the type of labels.
    """

    input_size: tuple[int, int] | None = None
    input_dtype: str | None = None
    output: str = "labels"
    output_dtype: str | None = None

    @property
    def name(self) -> str:
        """A part for the name of an artifact, empty for the frozen graph's own interface."""
        parts = [
            "" if self.input_size is None else "{}x{}".format(*self.input_size),
            "" if self.input_dtype is None else f"{self.input_dtype}-in",
            "" if self.output == "labels" else self.output,
            "" if self.output_dtype is None else f"{self.output_dtype}-out",
        ]
        return "-".join(part for part in parts if part)

    def is_same_function(self, contract: Contract) -> bool:
        """Whether the artifact's labels have to be the frozen graph's."""
        return self.input_size in (None, contract.crop)


OWN_INTERFACE = Interface()


def parse_size(text: str) -> tuple[int, int]:
    """Read ``HxW`` or one number for both. Raises UsageError for anything else."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise UsageError(f"--input-size takes HEIGHTxWIDTH or one number, not {text!r}")
    return int(parts[0]), int(parts[-1])


@dataclass(frozen=True)
class Prepared:
    """A graph ready for a converter, its contract, and whether it computes the frozen graph's."""

    graph: Graph
    contract: Contract
    is_same_function: bool


def prepared(
    path: Path,
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    finish: Pass | None = None,
) -> Prepared:
    """Read a frozen graph, give it an interface and rewrite it.

    ``finish`` is a target's own pass that follows the rewriting. Raises UsageError when an
    interface is asked for without rewriting, DlconvError when the graph cannot have it, or is not
    sound enough to be rewritten.
    """
    if interface != OWN_INTERFACE and not rewriting:
        raise UsageError(
            "another input or output needs the graph rewritten by dlconv",
            "leave out --no-rewrite and --converter tensorflowjs, or the other options",
        )
    read = Graph(read_graph(path))
    contract = find_contract(read)
    if not rewriting:
        return Prepared(read, contract, True)
    graph = rewrite(_with_interface(read, contract, interface)).graph.apart_from(read)
    del read
    is_same_function = interface.is_same_function(contract)
    contract = find_contract(graph)
    if finish is not None:
        graph = finish(graph).graph
    return Prepared(graph, contract, is_same_function)


def _with_interface(graph: Graph, contract: Contract, interface: Interface) -> Graph:
    if interface.input_size is not None:
        if contract.crop is None:
            raise DlconvError("the graph does not show its crop, so its input cannot be fixed")
        size = interface.input_size
        graph = fix_input(graph, contract.input.node, size, contract.crop).graph
    if interface.input_dtype is not None:
        graph = choose_input(graph, contract.input.node, interface.input_dtype).graph
    kind, dtype = interface.output, interface.output_dtype
    return choose_output(graph, contract.output.node, kind, dtype).graph
