"""All that inspect finds in a graph of TensorFlow, whatever file it came in."""

from dataclasses import dataclass

from dlconv.errors import DlconvError
from dlconv.graph.contract import FOUND, Contract, Ends, Findings, find_all
from dlconv.graph.flow import Flow
from dlconv.graph.graph import Graph
from dlconv.graph.sizes import Known, Size, shapes_within_crop, static_at, usual_size
from dlconv.graph.summary import Summary, summarize
from dlconv.inspect.boundaries import Boundary, find_boundaries
from dlconv.inspect.cost import Cost, find_cost
from dlconv.inspect.preprocessing import Preprocessing, find_preprocessing
from dlconv.inspect.stages import find_stages


@dataclass(frozen=True)
class Inspection:
    """What a graph takes and gives, its size, its preprocessing, and its stages with their costs.

    ``contract`` is None where a converter would have to choose: there are several outputs, or
    inputs besides the image.
    """

    contract: Contract | None
    findings: Findings
    summary: Summary
    preprocessing: Preprocessing
    cost: Cost
    boundaries: tuple[Boundary, ...]


def inspect_graph(graph: Graph, asked: Ends = FOUND) -> Inspection:
    """Inspect a graph, its cost at the size it is made for. Raises what find_all does."""
    found = find_all(graph, asked)
    size = usual_size(found)
    flow = flow_of(graph, found)
    static = static_at(graph, found, size)
    stages = find_stages(flow, static)
    return Inspection(
        contract=_contract(found),
        findings=found,
        summary=summarize(graph),
        preprocessing=find_preprocessing(flow, stages),
        cost=find_cost(flow, static, stages, size),
        boundaries=find_boundaries(flow, stages, shapes_within_crop(graph, found)),
    )


def cost_at(graph: Graph, size: Size, asked: Ends = FOUND) -> Cost:
    """Return what a photo of ``size`` (height, width) costs in this graph."""
    found = find_all(graph, asked)
    flow = flow_of(graph, found)
    static = static_at(graph, found, size)
    return find_cost(flow, static, find_stages(flow, static), size)


def flow_of(graph: Graph, found: Known) -> Flow:
    """Return the nodes on the way from the image to all outputs."""
    return Flow(graph, found.input.node, *(spec.node for spec in found.outputs))


def _contract(found: Findings) -> Contract | None:
    try:
        return found.contract()
    except DlconvError:
        return None
