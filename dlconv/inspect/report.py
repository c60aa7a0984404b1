"""What inspect found in a graph, as text for people."""

import math

from rich.console import RenderableType

from dlconv.graph.contract import Candidate, Findings, TensorSpec
from dlconv.graph.sizes import Numbers, Size
from dlconv.graph.summary import Summary
from dlconv.inspect.boundaries import Boundary
from dlconv.inspect.cost import Cost
from dlconv.inspect.inspection import Inspection
from dlconv.inspect.preprocessing import Preprocessing, Values
from dlconv.terminal.tables import Group, Table

# Tables of hostile or huge graphs end here; JSON has everything.
MOST_ROWS = 40


def one_line(inspection: Inspection) -> str:
    """Return the contract in a line."""
    found, summary = inspection.findings, inspection.summary
    crop = "?" if found.crop is None else "x".join(map(str, found.crop))
    outputs = ", ".join(map(_tensor, found.outputs))
    return (
        f"{_tensor(found.input)} -> {outputs}, crop {crop}, "
        f"{found.classes or '?'} classes, {summary.weight_bytes / 1e6:.2f} MB of weights"
    )


def tables(inspection: Inspection) -> RenderableType:
    """Return the contract with its reasons, what goes on in the stages, and the ops by kind."""
    return Group(
        _contract_table(inspection.findings, inspection.summary),
        _rejected_table(inspection.findings.rejected),
        _preprocessing_table(inspection.preprocessing, inspection.findings.crop),
        _stage_table(inspection.cost),
        _boundary_table(inspection.boundaries),
        op_table(inspection.summary.ops),
    )


def _contract_table(found: Findings, summary: Summary) -> Table:
    weights = f"{summary.weight_elements:,} in {summary.weight_tensors} tensors"
    table = Table()
    table.add_column("")
    table.add_column("found", overflow="fold")
    table.add_column("because", style="dim")
    table.add_row("input", _tensor(found.input), found.input.reason)
    for name in found.also_fed:
        table.add_row("also fed", f"{name}:0", "the output depends on it, too")
    for output in found.outputs[:MOST_ROWS]:
        table.add_row("output", _tensor(output), output.reason)
    _add_rest(table, len(found.outputs))
    table.add_row("crop", _size(found.crop), found.crop_reason)
    table.add_row("classes", str(found.classes or "unknown"), found.classes_reason)
    table.add_row("weights", weights, f"{summary.weight_bytes:,} bytes of floating-point constants")
    return table


def _rejected_table(rejected: tuple[Candidate, ...]) -> RenderableType:
    if not rejected:
        return "no other node may be input or output"
    table = Table()
    for head in ("not the", "node", "op", "because"):
        table.add_column(head, overflow="fold")
    for row in rejected[:MOST_ROWS]:
        table.add_row(row.role, row.node, row.op, row.reason)
    _add_rest(table, len(rejected))
    return table


def _add_rest(table: Table, count: int) -> None:
    """Say how many rows are left out."""
    if count > MOST_ROWS:
        table.add_row("...", f"and {count - MOST_ROWS:,} more: --json lists all")


def _preprocessing_table(found: Preprocessing, crop: Size | None) -> Table:
    padding = "none"
    if found.pad_value is not None:
        padding = f"with {_values(found.pad_value)} to {_size(crop)}"
    table = Table()
    table.add_column("preprocessing")
    table.add_column("in the graph")
    table.add_row("resize", found.resize or "none")
    table.add_row("padding", padding)
    table.add_row("pixels", _arithmetic(found))
    return table


def _arithmetic(found: Preprocessing) -> str:
    if found.scale is None or found.mean is None:
        return f"unknown: {found.not_understood} is more than arithmetic"
    if (found.mean, found.scale) == ((0.0,), (1.0,)):
        return "as they are"
    return f"(pixel - {_values(found.mean)}) * {_values(found.scale)}"


def _stage_table(cost: Cost) -> Table:
    at = "" if cost.size is None else f" at {_size(cost.size)}"
    missing = f"; {cost.unknown} nodes of unknown shape count nothing" if cost.unknown else ""
    table = Table(
        show_footer=True,
        caption=f"activations: most alive at once, as float32{missing}",
    )
    rows = [
        (row.stage, row.nodes, row.multiply_adds, row.weight_bytes, row.activation_bytes)
        for row in cost.stages
    ]
    totals = (
        sum(row.nodes for row in cost.stages),
        cost.multiply_adds,
        cost.weight_bytes,
        cost.activation_bytes,
    )
    table.add_column("stage", "all")
    heads = ("nodes", f"multiply-adds{at}", "weight bytes", "activation bytes")
    for head, total in zip(heads, totals, strict=True):
        table.add_column(head, f"{total:,}", justify="right")
    for stage, *numbers in rows:
        table.add_row(stage, *(f"{number:,}" for number in numbers))
    return table


def _boundary_table(boundaries: tuple[Boundary, ...]) -> Table:
    table = Table()
    for head in ("boundary after", "before", "tensor", "within the crop", "can be cut"):
        table.add_column(head, overflow="fold")
    for row in boundaries[:MOST_ROWS]:
        kind = f"{row.dtype} {shape_text(row.shape)}"
        cut = "yes" if row.is_cut else "no"
        table.add_row(row.after, ", ".join(row.before), row.tensor, kind, cut)
    _add_rest(table, len(boundaries))
    return table


def _tensor(spec: TensorSpec) -> str:
    return f"{spec.tensor} {spec.dtype} {shape_text(spec.shape)}"


def shape_text(shape: Numbers) -> str:
    """Return a shape as people write it, with a question mark for what varies."""
    if shape is None:
        return "shape unknown"
    return f"[{', '.join('?' if extent is None else str(extent) for extent in shape)}]"


def _size(size: Size | None) -> str:
    return "unknown" if size is None else f"{size[0]} x {size[1]}"


def _values(values: Values) -> str:
    numbers = ", ".join(f"{value:g}" for value in values)
    return numbers if len(values) == 1 else f"({numbers})"


def op_table(ops: dict[str, int]) -> Table:
    """Return ops by kind, in three columns."""
    table = Table()
    for _ in range(3):
        table.add_column("op")
        table.add_column("count", justify="right")
    cells = [[op, str(count)] for op, count in ops.items()]
    for start in range(0, min(len(cells), 3 * MOST_ROWS), 3):
        table.add_row(*[text for cell in cells[start : start + 3] for text in cell])
    _add_rest(table, math.ceil(len(cells) / 3))
    return table
