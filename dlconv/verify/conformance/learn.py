"""From measured cases to faults: the fewest traits that tell wrong ones from right ones.

A trait alone is a fault if no case that has it is right; else two together, else three, else all
traits of a case. Every wrong case has at least one fault; a right one has one only if nothing that
is told apart tells it from a wrong one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dlconv.convert.conformance.table import Fault, Measured, Status
from dlconv.convert.conformance.traits import Traits
from dlconv.verify.conformance.draw import USUAL
from dlconv.verify.conformance.results import Outcome

MOST_TRAITS = 3
Traited = tuple[str, str]
RIGHT = frozenset({Status.EQUAL, Status.CLOSE})


@dataclass(frozen=True)
class Row:
    """One output of a case: its traits, the kind of its values, and its outcome by backend."""

    traits: Traits
    edge: str
    outcomes: Mapping[str, Outcome]


def learned(rows: Sequence[Row], backends: Sequence[str]) -> Measured:
    """Return what the cases of one op say."""
    usual = [row for row in rows if row.edge == USUAL]
    values: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.traits.items():
            if value is not None:
                values.setdefault(name, set()).add(value)
    return Measured(
        len(rows),
        {name: frozenset(found) for name, found in sorted(values.items())},
        faults_of(rows, backends),
        {
            backend: worst
            for backend in backends
            if (
                worst := max(
                    (
                        row.outcomes[backend].error
                        for row in usual
                        if row.outcomes[backend].status == Status.CLOSE
                    ),
                    default=0.0,
                )
            )
        },
        {backend: notes for backend in backends if (notes := _notes(rows, usual, backend))},
    )


def faults_of(rows: Sequence[Row], backends: Sequence[str]) -> dict[str, tuple[Fault, ...]]:
    """Return what makes each backend wrong at usual values, for those that ever are."""
    usual = [row for row in rows if row.edge == USUAL]
    return {
        backend: faults
        for backend in backends
        if (faults := tuple(_faults([(r.traits, r.outcomes[backend]) for r in usual])))
    }


def _faults(cases: Sequence[tuple[Traits, Outcome]]) -> Iterator[Fault]:
    held = [(_known(traits), outcome) for traits, outcome in cases]
    right = [traits for traits, outcome in held if outcome.status in RIGHT]
    wrong = [(traits, outcome) for traits, outcome in held if outcome.status not in RIGHT]
    if wrong and not right:
        yield _fault((), wrong)
        return
    for size in range(1, MOST_TRAITS + 1):
        while candidates := _candidates(wrong, right, size):
            best = max(candidates, key=lambda each: (candidates[each], each))
            yield _fault(best, [case for case in wrong if case[0].issuperset(best)])
            wrong = [case for case in wrong if not case[0].issuperset(best)]
    while wrong:
        traits = wrong[0][0]
        same = [case for case in wrong if case[0] == traits]
        yield _fault(tuple(sorted(traits)), same)
        wrong = [case for case in wrong if case[0] != traits]


def _known(traits: Traits) -> frozenset[Traited]:
    return frozenset((name, value) for name, value in traits.items() if value is not None)


def _candidates(
    wrong: Sequence[tuple[frozenset[Traited], Outcome]],
    right: Sequence[frozenset[Traited]],
    size: int,
) -> dict[tuple[Traited, ...], int]:
    """Return how many wrong cases each combination covers that no right case has."""
    counts: dict[tuple[Traited, ...], int] = {}
    for traits, _ in wrong:
        for combination in combinations(sorted(traits), size):
            counts[combination] = counts.get(combination, 0) + 1
    return {
        combination: count
        for combination, count in counts.items()
        if not any(traits.issuperset(combination) for traits in right)
    }


def _fault(
    combination: Sequence[Traited], covered: Sequence[tuple[frozenset[Traited], Outcome]]
) -> Fault:
    order = list(Status)
    worst = max((outcome for _, outcome in covered), key=lambda each: order.index(each.status))
    return Fault(dict(combination), worst.status, worst.said)


def _notes(rows: Sequence[Row], usual: Sequence[Row], backend: str) -> tuple[str, ...]:
    """Return the kinds of values that are wrong where the usual ones are right."""
    right = {_known(row.traits) for row in usual if row.outcomes[backend].status in RIGHT}
    wrong = {
        row.edge
        for row in rows
        if row.edge != USUAL
        and row.outcomes[backend].status not in RIGHT
        and _known(row.traits) in right
    }
    return tuple(sorted(wrong))
