"""Measuring a target: all cases of its operations in TensorFlow and in each of its backends.

Twice: straight through the writer, which is what faults are learned from, and the way that
``convert`` goes with these faults: what is wrong is lowered or refused. The second must leave
nothing that is wrong or fails.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from dlconv.convert.conformance.table import Fault, Measured, Status, Table
from dlconv.convert.conformance.traits import Traits, traits_of, with_port
from dlconv.graph.element_types import output_count
from dlconv.graph.shapes import infer_static
from dlconv.verify.conformance.cases import NODE, Case, cases_of
from dlconv.verify.conformance.draw import EMPTY, USUAL
from dlconv.verify.conformance.journal import Journal
from dlconv.verify.conformance.learn import Row, faults_of, learned
from dlconv.verify.conformance.results import Outcome, compared
from dlconv.verify.conformance.runners import FailedError, PythonRunner, RefusedError
from dlconv.verify.conformance.targets import Runner, Target, Written

# Says how many of the operations are done.
Report = Callable[[int, int, str], None]
MOST_SAID = 160
RIGHT = Outcome(Status.EQUAL)
# What ``convert`` must not leave.
BAD = frozenset({Status.FAILS, Status.WRONG})
MOST_OUTPUTS = 6
# What the others hold is left to each kernel.
DEFINED_OUTPUTS = {"FusedBatchNorm": 3, "FusedBatchNormV2": 3, "FusedBatchNormV3": 3}


@dataclass(frozen=True)
class Measurement:
    """What was measured of a target: by op, and how many usual cases had each status.

    ``before`` and ``after`` count by backend; ``after`` is the way that ``convert`` goes.
    ``reachable`` names what is still wrong or fails after.
    """

    table: Table
    before: Mapping[str, Counter[str]]
    after: Mapping[str, Counter[str]]
    reachable: tuple[str, ...]


class Bench:
    """TensorFlow and the backends of a target, each started when it is first needed."""

    def __init__(self, target: Target, backends: Sequence[str], work: Path) -> None:
        self.target, self.backends = target, backends
        self._runners = {backend: target.runner(backend) for backend in backends}
        self._journals = {backend: Journal(work / f"{backend}.jsonl") for backend in backends}
        self._tensorflow = PythonRunner("tensorflow")
        self._valid = Journal(work / "tensorflow.jsonl")
        self._stack = ExitStack()

    def __enter__(self) -> "Bench":
        self._stack.enter_context(closing(self._tensorflow))
        for runner in self._runners.values():
            self._stack.enter_context(closing(runner))
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def reference(self, case: Case) -> "Reference":
        """Return what TensorFlow makes of a case, to be run when it is asked for."""
        return Reference(case, self._tensorflow, self._valid)

    def outcomes(
        self, backend: str, written: Written | str, reference: "Reference"
    ) -> list[Outcome]:
        """Return what a backend makes of each output of a case; ``written`` may say why not."""
        count = len(reference.fetches)
        if isinstance(written, str):
            return [Outcome(Status.REFUSED, said=written[:MOST_SAID])] * count
        key = f"{reference.case.digest} {written.digest}"
        journal = self._journals[backend]
        if (known := journal.get(key)) is None:
            known = self._measured(backend, written, reference)
            journal.put(key, known)
        return known

    def _measured(self, backend: str, written: Written, reference: "Reference") -> list[Outcome]:
        runner = self._runners[backend]
        found = [
            _outcome(runner, written, reference, port) for port in range(len(reference.fetches))
        ]
        if runner.can_spoil and not _all_right(found):
            # An earlier case may have written where it should not.
            runner.close()
            found = [
                _outcome(runner, written, reference, port) for port in range(len(reference.fetches))
            ]
            if not _all_right(found):
                runner.close()
        return found


def _all_right(outcomes: Sequence[Outcome]) -> bool:
    return all(each.status in (Status.EQUAL, Status.CLOSE) for each in outcomes)


def _outcome(runner: Runner, written: Written, reference: "Reference", port: int) -> Outcome:
    try:
        found = runner.run(written, reference.case.feeds, port)
    except FailedError as error:
        return Outcome(Status.FAILS, said=str(error)[:MOST_SAID])
    except RefusedError as refusal:
        return Outcome(Status.REFUSED, said=str(refusal)[:MOST_SAID])
    return compared(reference.values[port], found)


@dataclass
class Reference:
    """The outputs of a case in TensorFlow, which runs when they are first asked for."""

    case: Case
    tensorflow: PythonRunner
    journal: Journal
    _values: list[np.ndarray] | None = field(default=None)

    @property
    def fetches(self) -> list[str]:
        """The names of all outputs of the node."""
        node = self.case.graph.nodes[NODE]
        count = min(output_count(node) or 1, DEFINED_OUTPUTS.get(node.op, MOST_OUTPUTS))
        return [f"{NODE}:{port}" for port in range(count)]

    @property
    def is_valid(self) -> bool:
        """Whether TensorFlow runs the case."""
        return self._ran.status == Status.EQUAL

    @property
    def edge(self) -> str:
        """The kind of the values that go in or come out."""
        return self._ran.said or self.case.edge

    @property
    def _ran(self) -> Outcome:
        known = self.journal.get(self.case.digest)
        if known is None:
            try:
                self._values = self._run()
                is_empty = any(value.size == 0 for value in self._values)
                known = [Outcome(Status.EQUAL, said=EMPTY if is_empty else "")]
            except FailedError as error:
                known = [Outcome(Status.FAILS, said=str(error)[:MOST_SAID])]
            self.journal.put(self.case.digest, known)
        return known[0]

    @property
    def values(self) -> list[np.ndarray]:
        """The outputs."""
        if self._values is None:
            self._values = self._run()
        return self._values

    def _run(self) -> list[np.ndarray]:
        content = self.case.reference.graph_def.SerializeToString(deterministic=True)
        return self.tensorflow.run(content, self.case.feeds, self.fetches)


def measure(
    target: Target,
    backends: Sequence[str],
    ops: Sequence[str],
    work: Path,
    known: Mapping[str, Measured],
    report: Report,
) -> Measurement:
    """Measure operations in backends; ``known`` are those of earlier runs that are kept."""
    entries = dict(known)
    before: dict[str, Counter[str]] = {backend: Counter() for backend in backends}
    after: dict[str, Counter[str]] = {backend: Counter() for backend in backends}
    reachable: list[str] = []
    with Bench(target, backends, work) as bench:
        for index, op in enumerate(ops):
            report(index, 2 * len(ops), op)
            rows = list(_rows(bench, op, before))
            if rows:
                entries[op] = learned(rows, backends)
        table = Table(target.versions, tuple(backends), entries)
        for index, op in enumerate(ops, start=len(ops)):
            report(index, 2 * len(ops), op)
            found = list(_converted(bench, op, table))
            if faults := _faults_when_lowered(found, backends):
                entries[op] = replace(entries[op], lowered=faults)
                found = list(_converted(bench, op, table))
            reachable += _after(op, found, after)
    return Measurement(table, before, after, tuple(sorted(set(reachable))))


def _valid_cases(bench: Bench, op: str) -> Iterator[tuple[Case, Reference]]:
    for case in cases_of(op):
        reference = bench.reference(case)
        if reference.is_valid:
            yield case, reference


def _rows(bench: Bench, op: str, counts: Mapping[str, Counter[str]]) -> Iterator[Row]:
    for case, reference in _valid_cases(bench, op):
        traits = _traits(case)
        written = _tried(partial(bench.target.write, case.graph, case.feeds))
        found = {each: bench.outcomes(each, written, reference) for each in bench.backends}
        for port in range(len(reference.fetches)):
            row = {backend: outcomes[port] for backend, outcomes in found.items()}
            if port == 0 and reference.edge == USUAL:
                for backend, outcome in row.items():
                    counts[backend][outcome.status] += 1
            yield Row(with_port(traits, port), reference.edge, row)


# A usual case, and its outcome by backend.
Converted = tuple[Case, Mapping[str, Outcome]]


def _converted(bench: Bench, op: str, table: Table) -> Iterator[Converted]:
    """Yield the usual cases of an op, and what they give the way that ``convert`` goes."""
    for case, reference in _valid_cases(bench, op):
        if reference.edge != USUAL:
            continue
        outcomes = {}
        for backend in bench.backends:
            convert = partial(bench.target.convert, case.graph, case.feeds, table, backend)
            outcomes[backend] = bench.outcomes(backend, _tried(convert), reference)[0]
        yield case, outcomes


def _faults_when_lowered(
    found: Sequence[Converted], backends: Sequence[str]
) -> Mapping[str, tuple[Fault, ...]]:
    """Return what makes backends wrong though the op was lowered, or though it seemed right."""
    rows = []
    for case, outcomes in found:
        bad = {
            backend: outcome if outcome.status in BAD else RIGHT
            for backend, outcome in outcomes.items()
        }
        rows.append(Row(with_port(_traits(case), 0), USUAL, bad))
    return faults_of(rows, backends)


def _traits(case: Case) -> Traits:
    """Return the traits of a case's node, known for the values that are fed."""
    given = {name: value.shape for name, value in case.feeds.items()}
    return traits_of(infer_static(case.graph, given), case.graph.nodes[NODE])


def _after(
    op: str, found: Sequence[Converted], counts: Mapping[str, Counter[str]]
) -> Iterator[str]:
    """Count what the cases give the way that ``convert`` goes, and yield what should not be."""
    for case, outcomes in found:
        for backend, outcome in outcomes.items():
            counts[backend][outcome.status] += 1
            if outcome.status in BAD:
                yield f"{op} in {backend}: {outcome.status} {outcome.said} (case {case.digest})"


def _tried(write: Callable[[], Written]) -> Written | str:
    try:
        return write()
    except RefusedError as refusal:
        return str(refusal)
