"""What was measured so far: outcomes by case, written as they come, so that a run can go on.

A file of JSON lines for each backend. The key of an outcome is the case with what was written for
it, so that a change of a writer measures again what it changed, and no more.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from dlconv.convert.conformance.table import Status
from dlconv.verify.conformance.results import Outcome


class Journal:
    """The outcomes of one backend, or whether TensorFlow runs a case."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[Outcome]] = {}
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    key, outcomes = json.loads(line)
                    self._known[key] = [Outcome(Status(s), e, t) for s, e, t in outcomes]
                except ValueError:
                    continue  # a run ended while it wrote this line

    def get(self, key: str) -> list[Outcome] | None:
        """Return the outcomes for the outputs of a case, None if it was not measured."""
        return self._known.get(key)

    def put(self, key: str, outcomes: Sequence[Outcome]) -> None:
        """Keep the outcomes for the outputs of a case."""
        self._known[key] = list(outcomes)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps([key, [[each.status, each.error, each.said] for each in outcomes]])
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
