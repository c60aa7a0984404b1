"""Where one stage of a network ends and others begin: the tensors that go from stage to stage.

A boundary at which the graph can be cut in two is a tensor that holds all of the image that the
rest of the graph needs; the rest may still want the size of the photo.
"""

from dataclasses import dataclass

from dlconv.inspect.contract import element_type
from dlconv.inspect.flow import Flow
from dlconv.inspect.sizes import Numbers
from dlconv.inspect.stages import ORDER, Stage


@dataclass(frozen=True)
class Boundary:
    """A tensor that a stage gives to others; None in its shape where that varies."""

    tensor: str
    dtype: str
    shape: Numbers
    after: str
    before: tuple[str, ...]
    is_cut: bool


def find_boundaries(
    flow: Flow, stages: dict[str, Stage], shapes: dict[str, Numbers]
) -> tuple[Boundary, ...]:
    """Return the boundaries between stages, in the order the graph runs."""
    found = []
    for node in flow.order:
        own = stages[node.name]
        readers = {stages[name] for name in flow.consumers[node.name]} - {own}
        if readers:
            before = tuple(stage.value for stage in ORDER if stage in readers)
            shape, is_cut = shapes[node.name], _divides(flow, node.name)
            tensor = f"{node.name}:0"
            found.append(Boundary(tensor, element_type(node), shape, own.value, before, is_cut))
    return tuple(found)


def _divides(flow: Flow, name: str) -> bool:
    before, after = flow.behind([name]) - {name}, flow.beyond([name]) - {name}
    is_passed_by = any(flow.sources(reader) & before for reader in after)
    return len(before) + 1 + len(after) == len(flow.order) and not is_passed_by
