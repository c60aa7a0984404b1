"""Where one stage of a network ends and others begin: the tensors that go from stage to stage.

The graph can be cut in two at a tensor through which all data of the image passes; the nodes after
it may still read the photo's size.
"""

from dataclasses import dataclass

from dlconv.graph.contract import element_type
from dlconv.graph.flow import Flow
from dlconv.graph.sizes import Numbers
from dlconv.inspect.stages import ORDER, Stage


@dataclass(frozen=True)
class Boundary:
    """A tensor that a stage gives to others."""

    tensor: str
    """Its name."""
    dtype: str
    """Its element type."""
    shape: Numbers
    """Its shape for photos within the crop."""
    after: str
    """The stage that makes it."""
    before: tuple[str, ...]
    """The stages that read it."""
    is_cut: bool
    """Whether the graph can be cut in two there."""


def find_boundaries(
    flow: Flow, stages: dict[str, Stage], shapes: dict[str, Numbers]
) -> tuple[Boundary, ...]:
    """Return the boundaries between stages, in the order the graph runs."""
    found = []
    cuts = _cuts(flow)
    for node in flow.order:
        own = stages[node.name]
        readers = {stages[name] for name in flow.consumers[node.name]} - {own}
        if readers:
            before = tuple(stage.value for stage in ORDER if stage in readers)
            tensor, shape = f"{node.name}:0", shapes[node.name]
            is_cut = node.name in cuts
            found.append(Boundary(tensor, element_type(node), shape, own.value, before, is_cut))
    return tuple(found)


def _cuts(flow: Flow) -> set[str]:
    """Return the nodes at which the graph can be cut: no edge leads past them."""
    found = set()
    farthest = 0
    for position, node in enumerate(flow.order):
        if farthest <= position:
            found.add(node.name)
        readers = (flow.position[name] for name in flow.consumers[node.name])
        farthest = max(farthest, *readers, len(flow.order) if node.name in flow.outputs else 0)
    return found
