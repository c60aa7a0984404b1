"""Op coverage as data for scripts, as text for people, and as lines for a CI job's log."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType

from dlconv.convert.coverage import Coverage, OpCoverage
from dlconv.terminal.tables import Group, Table

COLUMNS = 2


def coverage_data(coverage: Coverage) -> dict[str, Any]:
    """Return all of it as plain data, with a yes or no for each target."""
    covered = {target: coverage.covers(target) for target in coverage.targets}
    return {"covered": covered, **dataclasses.asdict(coverage)}


def coverage_tables(coverage: Coverage) -> RenderableType:
    """Return what is covered in a line, what is not in a table, and what the rewriting changes."""
    parts: list[RenderableType] = [_verdict(coverage)]
    if coverage.uncovered:
        parts.append(_gap_table(coverage.uncovered))
    if coverage.rewritten:
        saved = (f"{row.op} ({_targets(row.missing)})" for row in coverage.rewritten)
        parts.append(f"Only because of the rewriting: {', '.join(saved)}.")
    if lowered := [f"{row.op} as {', '.join(row.lowered)}" for row in coverage.ops if row.lowered]:
        parts.append(f"Written in other operations where a backend needs it: {'; '.join(lowered)}.")
    changed = [row for row in coverage.ops if len({row.frozen, *_counts(row)}) > 1]
    if changed:
        parts.append(_change_table(changed))
    return Group(*parts)


def gap_lines(coverage: Coverage) -> list[str]:
    """Return a line for each op that is not covered."""
    return [
        f"not covered: {row.op} ({_nodes(row)}): {targets}: {reason}"
        for row in coverage.uncovered
        for targets, reason in _by_reason(row)
    ]


def _verdict(coverage: Coverage) -> str:
    versions = coverage.versions
    backends = ", ".join(t.removeprefix("tfjs-") for t in coverage.targets if "tfjs-" in t)
    every = "Some ops are not covered" if coverage.uncovered else "Every op is covered"
    return (
        f"{every}: TF.js {versions['tfjs']} ({backends}); ONNX opset {coverage.opset}; "
        f"{_onnxruntime(coverage)}; LiteRT {versions['ai-edge-litert']}{_litert(coverage)}."
    )


def _litert(coverage: Coverage) -> str:
    """Return how many operators a file for LiteRT has, and what XNNPACK leaves of them."""
    if not coverage.litert:
        return ""
    nodes = sum(each.nodes for each in coverage.litert)
    taken = [each.xnnpack for each in coverage.litert if each.xnnpack is not None]
    if len(taken) < len(coverage.litert):
        return f", {nodes} operators"
    left = ", ".join(each.operator for each in coverage.litert if each.xnnpack != each.nodes)
    return f", {nodes} operators, XNNPACK runs " + (
        f"{sum(taken)}, not all of {left}" if left else "all"
    )


def _onnxruntime(coverage: Coverage) -> str:
    name = f"ONNX Runtime {coverage.versions['onnxruntime']}"
    if coverage.operators_without_kernel is None:
        return f"{name} does not list its kernels"
    lacking = ", ".join(coverage.operators_without_kernel)
    return f"{name} runs all of this opset" + (f" but {lacking}" if lacking else "")


def _gap_table(rows: Iterable[OpCoverage]) -> Table:
    table = Table()
    for head in ("op", "nodes", "not in", "because"):
        table.add_column(head, overflow="fold")
    for row in rows:
        for targets, reason in _by_reason(row):
            table.add_row(row.op, _nodes(row), targets, reason)
    return table


def _by_reason(row: OpCoverage) -> Iterable[tuple[str, str]]:
    for reason in dict.fromkeys(row.gaps.values()):
        yield _targets(target for target, each in row.gaps.items() if each == reason), reason


def _targets(names: Iterable[str]) -> str:
    return ", ".join(names)


def _nodes(row: OpCoverage) -> str:
    count = max(row.nodes(target) for target in row.gaps)
    return row.node if count == 1 else f"{count}, the first is {row.node}"


def _counts(row: OpCoverage) -> tuple[int, int, int]:
    return row.onnx, row.tfjs, row.litert


def _change_table(rows: list[OpCoverage]) -> Table:
    table = Table(
        caption="nodes as they are and as the rewriting leaves them to each converter",
    )
    for _ in range(COLUMNS):
        table.add_column("op", overflow="fold")
        for head in ("frozen", "ONNX", "TF.js", "LiteRT"):
            table.add_column(head, justify="right")
    cells = [[row.op, *map(str, (row.frozen, *_counts(row)))] for row in rows]
    for start in range(0, len(cells), COLUMNS):
        table.add_row(*[text for cell in cells[start : start + COLUMNS] for text in cell])
    return table
