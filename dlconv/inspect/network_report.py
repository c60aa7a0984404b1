"""Networks of any format, and how two of them differ, as text for people."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import RenderableType

from dlconv.formats.network import Network, WeightTensor, total_elements
from dlconv.graph.contract import TensorSpec
from dlconv.inspect import report
from dlconv.inspect.compressed import Sizes
from dlconv.inspect.diff import Comparison
from dlconv.inspect.inspection import Inspection
from dlconv.inspect.matching import Kind, Match
from dlconv.terminal.tables import Group, Table

MOST_ROWS = 20
MEANINGS = {
    Kind.EQUAL: "equal to the last bit",
    Kind.ROUNDED: "rounded: apart by less than a step of how they are stored",
    Kind.SCALED: "scaled: so, but for a factor for each channel, as folded batch norms leave",
    Kind.SIMILAR: "similar: one explains 90 % of the other or more",
}


def network_tables(network: Network, inspection: Inspection | None) -> RenderableType:
    """Return what a network's files hold, and what goes on in it where its graph shows that."""
    parts: list[RenderableType] = [
        _file_table(network, with_ends=inspection is None),
        _storage_table(network.weights),
    ]
    if network.weights:
        parts.append(_largest_table(network.weights))
    parts.append(report.op_table(network.ops) if inspection is None else report.tables(inspection))
    return Group(*parts)


def comparison_tables(comparison: Comparison) -> RenderableType:
    """Return what differs, which weights are the same, what became of them, and the sizes."""
    if comparison.is_same:
        return Group("no difference in contract, ops or weights", _size_table(comparison))
    changed = [match for match in comparison.weights.matches if match.kind is not Kind.EQUAL]
    parts: list[RenderableType] = [
        _difference_table(comparison),
        _matching_table(comparison),
        *([_changed_table(changed)] if changed else []),
        _size_table(comparison),
    ]
    return Group(*parts)


def _file_table(network: Network, with_ends: bool) -> Table:
    table = Table()
    table.add_column("")
    table.add_column("found", overflow="fold")
    table.add_column("because", style="dim")
    table.add_row("format", network.format, "")
    table.add_row("made by", network.maker, "")
    table.add_row("files", _files(network.files), f"{network.bytes:,} bytes")
    ends = [("input", spec) for spec in network.inputs]
    ends += [("output", spec) for spec in network.outputs]
    for kind, spec in ends if with_ends else ():
        table.add_row(kind, _end(spec), spec.reason)
    for remark in network.unknown:
        table.add_row("not known", remark, "")
    return table


def _files(files: Sequence[Path]) -> str:
    named = ", ".join(path.name for path in files[:4])
    return f"{named}, ... ({len(files)} files)" if len(files) > 4 else named


def _end(spec: TensorSpec) -> str:
    return f"{spec.node} {spec.dtype} {report.shape_text(spec.shape)}"


def _storage_table(weights: Iterable[WeightTensor]) -> Table:
    listed = list(weights)
    table = Table()
    table.add_column("weights stored as")
    for head in ("tensors", "elements", "bytes"):
        table.add_column(head, justify="right")
    for dtype in sorted({weight.stored_dtype for weight in listed}):
        _add_counts(table, dtype, [each for each in listed if each.stored_dtype == dtype])
    if len({weight.stored_dtype for weight in listed}) != 1:
        _add_counts(table, "all", listed)
    return table


def _add_counts(table: Table, title: str, weights: Sequence[WeightTensor]) -> None:
    size = sum(weight.bytes for weight in weights)
    table.add_row(title, f"{len(weights):,}", f"{total_elements(weights):,}", f"{size:,}")


def _largest_table(weights: Sequence[WeightTensor]) -> Table:
    table = Table(caption=_shown(len(weights)))
    table.add_column("weight", overflow="fold")
    for head in ("shape", "stored as", "bytes", "from", "to"):
        table.add_column(head, justify="right")
    for weight in sorted(weights, key=lambda weight: -weight.bytes)[:MOST_ROWS]:
        shape = report.shape_text(weight.shape)
        least, greatest = _range(weight)
        size = f"{weight.bytes:,}"
        table.add_row(weight.name, shape, weight.stored_dtype, size, least, greatest)
    return table


def _shown(count: int) -> str | None:
    return f"the largest {MOST_ROWS} of {count}; --json has all" if count > MOST_ROWS else None


def _range(weight: WeightTensor) -> tuple[str, str]:
    return (
        ("", "") if weight.range is None else (f"{weight.range[0]:.3g}", f"{weight.range[1]:.3g}")
    )


def _difference_table(comparison: Comparison) -> Table:
    table = Table()
    table.add_column("")
    table.add_column("before", justify="right", overflow="fold")
    table.add_column("after", justify="right", overflow="fold")
    for row in comparison.differences:
        table.add_row(row.what, row.before, row.after)
    return table


def _matching_table(comparison: Comparison) -> Table:
    found = comparison.weights
    total = total_elements(comparison.before.weights)
    table = Table()
    table.add_column("weights")
    for head in ("tensors", "elements", "share of before"):
        table.add_column(head, justify="right")

    def add(title: str, weights: Sequence[WeightTensor], has_share: bool = True) -> None:
        elements = total_elements(weights)
        share = f"{elements / total:.2%}" if total and has_share else ""
        table.add_row(title, f"{len(weights):,}", f"{elements:,}", share)

    for kind, meaning in MEANINGS.items():
        add(meaning, [match.before for match in found.of_kind(kind)])
    add("only before", found.only_before)
    add("only after", found.only_after, has_share=False)
    if found.unread:
        add("of unknown values", found.unread, has_share=False)
    return table


def _changed_table(changed: Sequence[Match]) -> Table:
    table = Table(caption=_shown(len(changed)))
    table.add_column("weight that changed", overflow="fold")
    table.add_column("shape", justify="right")
    table.add_column("how")
    for head in ("stored as", "difference", "range before", "range after"):
        table.add_column(head, justify="right")
    for match in sorted(changed, key=lambda match: -match.before.bytes)[:MOST_ROWS]:
        before, after = match.before, match.after
        table.add_row(
            before.name,
            report.shape_text(before.shape),
            match.kind.value,
            _both(before.stored_dtype, after.stored_dtype),
            f"{match.difference:.1e}",
            " .. ".join(_range(before)),
            " .. ".join(_range(after)),
        )
    return table


def _both(before: str, after: str) -> str:
    return before if before == after else f"{before} > {after}"


def _size_table(comparison: Comparison) -> Table:
    old, new = comparison.sizes
    table = Table()
    table.add_column("bytes of the files")
    for head in ("before", "after", "after / before"):
        table.add_column(head, justify="right")
    for title, before, after in zip(
        ("raw", "gzip", "brotli"), _numbers(old), _numbers(new), strict=True
    ):
        share = f"{after / before:.1%}" if before else ""
        table.add_row(title, f"{before:,}", f"{after:,}", share)
    return table


def _numbers(sizes: Sizes) -> tuple[int, int, int]:
    return sizes.raw, sizes.gzip, sizes.brotli
