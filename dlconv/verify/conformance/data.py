"""The measurement as the package's data: sorted, an operation a line."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dlconv.convert.conformance.table import Fault, Measured
from dlconv.verify.conformance.measure import Measurement


def as_json(found: Measurement) -> str:
    """Return the file that ``conformance`` reads."""
    table = found.table
    head = {
        "versions": dict(sorted(table.versions.items())),
        "backends": list(table.backends),
        "before": _counts(found.before),
        "after": _counts(found.after),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    ops = [f"  {json.dumps(op)}: {_line(table.ops[op])}" for op in sorted(table.ops)]
    lines.append('"ops": {\n' + ",\n".join(ops) + "\n }")
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def _counts(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {backend: dict(sorted(each.items())) for backend, each in counts.items()}


def _line(measured: Measured) -> str:
    entry: dict[str, Any] = {
        "cases": measured.cases,
        "values": {name: sorted(values) for name, values in measured.values.items()},
    }
    rest = {
        "faults": _faults(measured.faults),
        "close": measured.close,
        "notes": measured.notes,
        "lowered": _faults(measured.lowered),
    }
    entry |= {key: value for key, value in rest.items() if value}
    return json.dumps(entry)


def _faults(by_backend: Mapping[str, Sequence[Fault]]) -> dict[str, list[list[Any]]]:
    return {backend: [_fault(each) for each in found] for backend, found in by_backend.items()}


def _fault(fault: Fault) -> list[Any]:
    return [dict(fault.when), fault.status, *([fault.said] if fault.said else [])]
