"""docs/zoo.md: the table of what was measured of each network, between two markers."""

from collections.abc import Mapping, Sequence

START, END = "<!-- measured by make zoo -->\n", "<!-- end -->\n"
HEADS = ("network", "labels", "contract", "pixels", "stages", "multiply-adds")
STEPS = ("labels", "contract", "pixels", "stages", "cost")


def with_table(page: str, table: str) -> str:
    """Return a page with another table between its markers."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table}\n{END}{after}"


def table_of(results: Mapping[str, Mapping[str, Mapping]], recipes: Sequence[str]) -> str:
    """Return Markdown with a row for each network, and what is not as it should be below.

    ``results`` has for each network its steps, each with ``ok``, ``word`` and ``reason``.
    """
    heads = (*HEADS, *recipes)
    lines = [_line(heads), _line(["---"] * len(heads))]
    for name, steps in results.items():
        cells = [_cell(steps.get(step)) for step in (*STEPS, *recipes)]
        lines.append(_line([name, *cells]))
    wanting = [
        f"- {name}, {step}: {came['reason']}"
        for name, steps in results.items()
        for step, came in steps.items()
        if not came["ok"]
    ]
    return "\n".join([*lines, "", *(wanting or ["All of it is as it should be."]), ""])


def _cell(came: Mapping | None) -> str:
    if came is None:
        return "not reached"
    return came["word"] if came["ok"] else f"**{came['word']}**"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
