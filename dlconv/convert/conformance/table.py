"""The measured conformance of backends, as data of the package, and what it says of a node.

For each op and backend the data holds *faults*: few traits that, together, make the backend compute
something else, or fail. A node whose traits hold none of them, and whose values of traits were all
measured, is computed rightly. Where a trait is not known, it may have any value: then a fault that
it may take part in counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from dlconv.convert.conformance.traits import COMPUTED, CONSTANT, NEGATIVE, Traits

FOLDER = Path(__file__).parent
# A constant is one of the values that may be computed.
_LIKE = {NEGATIVE: (CONSTANT, COMPUTED), CONSTANT: (COMPUTED, NEGATIVE)}


class Status(str, Enum):
    """What a backend makes of an operation, from best to worst."""

    EQUAL = "equal"
    CLOSE = "close"
    REFUSED = "refused"
    FAILS = "fails"
    WRONG = "wrong"
    UNMEASURED = "not measured"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Fault:
    """Traits that together make a backend wrong, how, and what it said."""

    when: Mapping[str, str]
    status: Status
    said: str = ""

    def may_hold(self, traits: Traits) -> bool:
        """Tell whether a node has these traits, as far as they are known."""
        return all(
            name in traits and traits[name] in (None, value) for name, value in self.when.items()
        )


@dataclass(frozen=True)
class Measured:
    """What was measured of an op: values by trait, and per backend faults, errors and notes.

    ``close`` is the largest error where it is more than rounding, ``notes`` are kinds of values
    (``not finite``, ``large``, ``empty``) with which the backend differs; ``lowered`` are faults
    that remain when the op is written in others.
    """

    cases: int
    values: Mapping[str, frozenset[str]]
    faults: Mapping[str, tuple[Fault, ...]]
    close: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lowered: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a backend makes of a node, and why: the fault, or the trait that was not measured."""

    status: Status
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether it computes what TensorFlow computes."""
        return self.status in (Status.EQUAL, Status.CLOSE)

    @property
    def words(self) -> str:
        """Both in a few words."""
        if self.status is Status.UNMEASURED:
            return self.reason
        return f"{self.status} {self.reason}".rstrip()


RIGHT = Verdict(Status.EQUAL)


@dataclass(frozen=True)
class Table:
    """The measured conformance of a target's backends, with the versions it was measured on."""

    versions: Mapping[str, str]
    backends: tuple[str, ...]
    ops: Mapping[str, Measured]

    def verdict(self, backend: str, op: str, traits: Traits) -> Verdict:
        """Tell what a backend makes of a node."""
        measured = self.ops.get(op)
        if measured is None:
            return Verdict(Status.UNMEASURED, "it was never measured")
        for name, value in traits.items():
            if value is not None and not _is_measured(measured, name, value):
                return Verdict(Status.UNMEASURED, f"it was not measured with {name} {value}")
        known = _among(measured, traits)
        for fault in measured.faults.get(backend, ()):
            if fault.may_hold(known):
                return Verdict(fault.status, _because(fault, traits))
        is_close = backend in measured.close
        return Verdict(Status.CLOSE) if is_close else RIGHT

    def lowered_verdict(self, backend: str, op: str, traits: Traits) -> Verdict:
        """Tell what a backend makes of the operations that a node is written in instead."""
        measured = self.ops.get(op)
        if measured is None:
            return RIGHT
        known = _among(measured, traits)
        for fault in measured.lowered.get(backend, ()):
            if fault.may_hold(known):
                reason = f"in other operations, too, {_because(fault, traits)}"
                return Verdict(fault.status, reason.removesuffix(", "))
        return RIGHT


def _is_measured(measured: Measured, name: str, value: str) -> bool:
    known = measured.values.get(name, frozenset())
    return value in known or any(like in known for like in _LIKE.get(value, ()))


def _among(measured: Measured, traits: Traits) -> Traits:
    """Replace constants by computed values where only those were measured."""
    return {name: _measured_value(measured, name, value) for name, value in traits.items()}


def _measured_value(measured: Measured, name: str, value: str | None) -> str | None:
    known = measured.values.get(name, frozenset())
    if value is None or value in known:
        return value
    return next((like for like in _LIKE.get(value, ()) if like in known), value)


def _because(fault: Fault, traits: Traits) -> str:
    stated = ", ".join(
        f"{name} {value}" + (" (it may be)" if traits.get(name) is None else "")
        for name, value in fault.when.items()
    )
    return f"with {stated}" if stated else ""


@cache
def conformance(target: str) -> Table:
    """Return the measured conformance of a target, ``tfjs``, ``onnx`` or ``litert``."""
    content = json.loads((FOLDER / f"{target}.json").read_text(encoding="utf-8"))
    return Table(
        content["versions"],
        tuple(content["backends"]),
        {op: _measured(entry) for op, entry in content["ops"].items()},
    )


def _measured(entry: Mapping[str, Any]) -> Measured:
    return Measured(
        entry["cases"],
        {name: frozenset(values) for name, values in entry["values"].items()},
        _faults(entry.get("faults", {})),
        entry.get("close", {}),
        {backend: tuple(notes) for backend, notes in entry.get("notes", {}).items()},
        _faults(entry.get("lowered", {})),
    )


def _faults(entry: Mapping[str, Any]) -> dict[str, tuple[Fault, ...]]:
    return {
        backend: tuple(Fault(each[0], Status(each[1]), *each[2:]) for each in faults)
        for backend, faults in entry.items()
    }
