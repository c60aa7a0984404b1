"""What inspect found, as data for scripts and as text for people."""

import dataclasses
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from dlconv.inspect.contract import Contract, TensorSpec
from dlconv.inspect.diff import Difference
from dlconv.inspect.summary import Summary


def as_data(contract: Contract, summary: Summary) -> dict[str, Any]:
    """Return contract and summary as plain data."""
    return {"contract": dataclasses.asdict(contract), "summary": dataclasses.asdict(summary)}


def one_line(contract: Contract, summary: Summary) -> str:
    """Return the contract in a line."""
    crop = "?" if contract.crop is None else "x".join(map(str, contract.crop))
    return (
        f"{_tensor(contract.input)} -> {_tensor(contract.output)}, crop {crop}, "
        f"{contract.classes or '?'} classes, {summary.weight_bytes / 1e6:.2f} MB of weights"
    )


def tables(contract: Contract, summary: Summary) -> RenderableType:
    """Return the contract with its reasons, the weights, and the ops by kind."""
    return Group(_contract_table(contract, summary), _op_table(summary))


def difference_table(differences: list[Difference]) -> RenderableType:
    """Return a table with a row for each thing that differs."""
    if not differences:
        return "no difference in contract, ops or weights"
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    for row in differences:
        table.add_row(row.what, escape(row.before), escape(row.after))
    return table


def _contract_table(contract: Contract, summary: Summary) -> Table:
    crop = "unknown" if contract.crop is None else "{} x {}".format(*contract.crop)
    weights = f"{summary.weight_elements:,} in {summary.weight_tensors} tensors"
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("found")
    table.add_column("because", style="dim")
    table.add_row("input", escape(_tensor(contract.input)), contract.input.reason)
    table.add_row("output", escape(_tensor(contract.output)), contract.output.reason)
    table.add_row("crop", crop, contract.crop_reason)
    table.add_row("classes", str(contract.classes or "unknown"), contract.classes_reason)
    table.add_row("weights", weights, f"{summary.weight_bytes:,} bytes of floating-point constants")
    return table


def _tensor(spec: TensorSpec) -> str:
    if spec.shape is None:
        return f"{spec.tensor} {spec.dtype}, shape unknown"
    extents = ", ".join("?" if extent is None else str(extent) for extent in spec.shape)
    return f"{spec.tensor} {spec.dtype} [{extents}]"


def _op_table(summary: Summary) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for _ in range(3):
        table.add_column("op")
        table.add_column("count", justify="right")
    cells = [[op, str(count)] for op, count in summary.ops.items()]
    for start in range(0, len(cells), 3):
        table.add_row(*[text for cell in cells[start : start + 3] for text in cell])
    return table
