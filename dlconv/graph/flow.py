"""The path of the image through the graph, from the input to the output.

The flow holds every node that depends on the image's pixels and goes into the output. Weights are
not in it, nor is what depends on the image's size alone: shape arithmetic and its checks.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

from dlconv.errors import DlconvError
from dlconv.graph.graph import LOOP_BACK_OPS, Graph
from dlconv.graph.operations import SIZE_OPS, WEIGHTED_OPS


class Flow:
    """The nodes between an input and outputs, by name and in topological order.

    Raises DlconvError when nothing of the input's values goes into any output.
    """

    def __init__(self, graph: Graph, input_name: str, *output_names: str) -> None:
        self.graph = graph
        self._sources: dict[str, set[str]] = {input_name: set()}
        self._follow(graph)
        count = 0 if any(node.op in LOOP_BACK_OPS for node in graph.order) else len(self._sources)
        while len(self._sources) > count:
            count = len(self._sources)
            self._follow(graph)
        needed = self.behind(output_names)
        self.order = tuple(node for node in graph.order if node.name in needed)
        self.outputs = needed & {*output_names}
        if input_name not in needed:
            raise DlconvError(f"none of the values of {input_name} goes into an output")

    def _follow(self, graph: Graph) -> None:
        """Go through the graph once, which reaches no node before the back edge of a loop."""
        for node in graph.order:
            read = {source.node for source in graph.sources(node)} & self._sources.keys()
            if read and node.op not in SIZE_OPS:
                self._sources[node.name] = read

    def sources(self, name: str) -> set[str]:
        """Return the nodes of the flow that a node of it reads."""
        return self._sources[name]

    @cached_property
    def consumers(self) -> dict[str, set[str]]:
        """The nodes of the flow that read each of its nodes."""
        table: dict[str, set[str]] = {node.name: set() for node in self.order}
        for node in self.order:
            for source in self.sources(node.name):
                table[source].add(node.name)
        return table

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each of its nodes stands in the order."""
        return {node.name: index for index, node in enumerate(self.order)}

    @cached_property
    def weighted(self) -> set[str]:
        """The convolutions and matrix multiplications."""
        return {node.name for node in self.order if node.op in WEIGHTED_OPS}

    @cached_property
    def last_weighted(self) -> set[str]:
        """Those of ``weighted`` that no other one depends on."""
        read = {source for name in self.weighted for source in self.sources(name)}
        return self.weighted - self.behind(read)

    def behind(self, names: Iterable[str]) -> set[str]:
        """Return ``names`` and the nodes that they depend on."""
        return self._reached(names, self.sources)

    def beyond(self, names: Iterable[str]) -> set[str]:
        """Return ``names`` and the nodes that depend on them."""
        return self._reached(names, lambda name: self.consumers[name])

    def _reached(self, names: Iterable[str], neighbours: Callable[[str], set[str]]) -> set[str]:
        reached = self._sources.keys() & {*names}
        queue = list(reached)
        for name in queue:
            new = neighbours(name) - reached
            reached |= new
            queue.extend(new)
        return reached
