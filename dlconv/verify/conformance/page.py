"""The measured conformance as a page of the documentation.

python -m dlconv.verify.conformance.page > docs/conformance.md
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

from dlconv.convert.conformance.table import FOLDER, Fault, Measured, Status, Table, conformance

INTRODUCTION = """\
# What each backend computes of each operation

`make conformance` makes small graphs of every operation that the converters know: each attribute,
element type, rank, fixed and free sizes, constant and computed parameters, one by one and some
together at random. Each runs in TensorFlow and, straight through dlconv's writers, in each backend.
`dlconv tfjs`, `onnx` and `litert` look up every node of a graph here: what is right is written, and
what is wrong is written in others that are right (*lowered*); the rest is refused by name.
`dlconv inspect` shows the same.

*Equal* means: integers and truth values exactly, floats to 1e-5 of the largest value, half floats
to 1e-3 of it. *Close* is up to a hundred times that: arithmetic in another order, or a GPU's own
sine. *Refused* is what a writer does not write. Before: straight through the writers; after: the
way that the commands go, which leaves nothing that is wrong or fails.

WebGL and WebGPU were measured on a software adapter (SwiftShader): on a real GPU rounding may
differ. Values that are not finite, beyond 2^24 as integers or 1e4 as floats, and empty tensors are
measured, too. They decide nothing, since no conversion can know them; where a backend differs
there, the tables say so in brackets.
"""

TITLES = {"tfjs": "TensorFlow.js", "onnx": "ONNX Runtime", "litert": "LiteRT"}


def page() -> str:
    """Return the page in Markdown."""
    parts = [INTRODUCTION, *_counts()]
    for target, title in TITLES.items():
        parts += [f"## {title}\n", *_table(conformance(target))]
    return "\n".join(parts).rstrip() + "\n"


def _counts() -> Iterator[str]:
    statuses = [each for each in Status if each != Status.UNMEASURED]
    yield "| backend | | " + " | ".join(statuses) + " |"
    yield "|---|---|" + "---:|" * len(statuses)
    for target in TITLES:
        content = json.loads((FOLDER / f"{target}.json").read_text(encoding="utf-8"))
        for backend in content["backends"]:
            for when in ("before", "after"):
                counts = content[when][backend]
                cells = " | ".join(f"{counts.get(each, 0):,}" for each in statuses)
                yield f"| {backend} | {when} | {cells} |"
    yield ""


def _table(table: Table) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(table.versions.items()))
    yield f"Measured on {versions}. What is not here was never measured, and is refused.\n"
    yield "| operation | cases | " + " | ".join(table.backends) + " |"
    yield "|---|---:|" + "---|" * len(table.backends)
    for op, measured in sorted(table.ops.items()):
        cells = " | ".join(_cell(measured, backend) for backend in table.backends)
        yield f"| {op} | {measured.cases} | {cells} |"
    yield ""


def _cell(measured: Measured, backend: str) -> str:
    faults = measured.faults.get(backend, ())
    words = [_always(faults) or _listed(faults) or "equal"]
    if backend in measured.close:
        words.append(f"close ({measured.close[backend]:.0e})")
    if remaining := measured.lowered.get(backend, ()):
        words.append(f"refused when lowered: {_listed(remaining) or 'always'}")
    text = "; ".join(words)
    notes = measured.notes.get(backend, ())
    return f"{text} [{', '.join(notes)}]" if notes else text


def _always(faults: Sequence[Fault]) -> str:
    return next((str(fault.status) for fault in faults if not fault.when), "")


def _listed(faults: Sequence[Fault]) -> str:
    by_status: dict[str, list[str]] = {}
    for fault in faults:
        by_status.setdefault(fault.status, []).append(_when(fault.when))
    return "; ".join(f"{status} with {_some(when)}" for status, when in by_status.items())


def _some(conditions: Sequence[str]) -> str:
    shown, rest = conditions[:6], len(conditions) - 6
    return " or ".join(shown) + (f" or {rest} others" if rest > 0 else "")


def _when(traits: Mapping[str, str]) -> str:
    if len(traits) > 3:
        return "one of the cases, for no single reason"
    return ", ".join(f"{name} {value}" for name, value in traits.items())


if __name__ == "__main__":
    sys.stdout.write(page())
