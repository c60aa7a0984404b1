"""The interface of an artifact: its input and output, and the graph that has them.

By default an artifact has the frozen graph's own: photos of any size up to the crop in, labels out.
A page in a browser may want another: one fixed size, float32 pixels, scores or probabilities in
place of labels, labels as int32. A fixed size other than the crop is another resolution, and so
another function of the photo; everything else computes the same.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dlconv.convert.rewrite import rewrite
from dlconv.convert.rewrite.choose_input import choose_input
from dlconv.convert.rewrite.choose_output import choose_output
from dlconv.convert.rewrite.fix_input import fix_input
from dlconv.errors import DlconvError, UsageError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import Contract, find_contract, fixed_size
from dlconv.graph.edit import Pass
from dlconv.graph.graph import Graph
from dlconv.recipe import OWN_INTERFACE, Interface

Finish = Callable[[Graph, Contract], Graph]


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
    passes: Pass = rewrite,
    finish: Finish | None = None,
    at_crop: bool = False,
) -> Prepared:
    """Read a frozen graph, give it an interface and rewrite it by ``passes``.

    ``finish`` is a target's own change that follows the rewriting; ``at_crop`` fixes an input of
    any size at the crop, unless the interface has another size. Raises UsageError for another
    interface without rewriting, DlconvError when the graph cannot have it or is not valid.
    """
    if interface != OWN_INTERFACE and not rewriting:
        raise UsageError(
            "another input or output needs the graph rewritten by dlconv",
            "let dlconv rewrite it, or leave its input and output as they are",
            code="another-interface",
        )
    read = Graph(read_graph(path))
    contract = find_contract(read)
    if not rewriting:
        return Prepared(finish(read, contract) if finish else read, contract, True)
    if at_crop and interface.input_size is None and fixed_size(contract.input) is None:
        interface = dataclasses.replace(interface, input_size=contract.crop)
    graph = passes(_with_interface(read, contract, interface)).graph.apart_from(read)
    del read
    is_same_function = interface.input_size in (None, contract.crop)
    contract = find_contract(graph)
    if finish is not None:
        graph = finish(graph, contract)
    return Prepared(graph, contract, is_same_function)


def at_crop_of(graph: Graph) -> Graph:
    """Return a graph whose input is fixed at the crop, if that is known and any size is taken.

    Raises DlconvError when the graph cannot have it.
    """
    contract = find_contract(graph)
    if contract.crop is None or fixed_size(contract.input) is not None:
        return graph
    return _with_interface(graph, contract, Interface(contract.crop))


def with_interface(path: Path, interface: Interface) -> Graph:
    """Read a frozen graph and give it an interface; nothing else of it is rewritten.

    Raises DlconvError when the graph cannot have it.
    """
    graph = Graph(read_graph(path))
    return _with_interface(graph, find_contract(graph), interface)


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
