"""All that inspect finds in a frozen graph."""

from dataclasses import dataclass

from dlconv.inspect.boundaries import Boundary, find_boundaries
from dlconv.inspect.contract import Contract, find_contract
from dlconv.inspect.cost import Cost, find_cost
from dlconv.inspect.flow import Flow
from dlconv.inspect.graph import Graph
from dlconv.inspect.preprocessing import Preprocessing, find_preprocessing
from dlconv.inspect.sizes import Size, shapes_within_crop, static_at, usual_size
from dlconv.inspect.stages import find_stages
from dlconv.inspect.summary import Summary, summarize


@dataclass(frozen=True)
class Inspection:
    """The contract, the graph's size, its preprocessing, and its stages with what they cost."""

    contract: Contract
    summary: Summary
    preprocessing: Preprocessing
    cost: Cost
    boundaries: tuple[Boundary, ...]


def inspect_graph(graph: Graph) -> Inspection:
    """Inspect a graph, its cost at the size it is made for. Raises what find_contract does."""
    contract = find_contract(graph)
    size = usual_size(contract)
    flow = Flow(graph, contract.input.node, contract.output.node)
    static = static_at(graph, contract, size)
    stages = find_stages(flow, static)
    return Inspection(
        contract=contract,
        summary=summarize(graph),
        preprocessing=find_preprocessing(flow, stages),
        cost=find_cost(flow, static, stages, size),
        boundaries=find_boundaries(flow, stages, shapes_within_crop(graph, contract)),
    )


def cost_at(graph: Graph, size: Size) -> Cost:
    """Return what a photo of ``size`` (height, width) costs in this graph."""
    contract = find_contract(graph)
    flow = Flow(graph, contract.input.node, contract.output.node)
    static = static_at(graph, contract, size)
    return find_cost(flow, static, find_stages(flow, static), size)
