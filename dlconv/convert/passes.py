"""A sequence of passes by name, as a value that a caller can read, shorten and pass on.

A pass takes a graph and returns a graph that computes the same, and whether it changed anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dlconv.errors import DlconvError, UsageError
from dlconv.graph.edit import Pass, Result, in_turn
from dlconv.graph.graph import Graph


@dataclass(frozen=True)
class Pipeline:
    """Passes in the order in which they run; it is a pass itself.

    Each of them raises DlconvError for a graph whose constants or inputs do not fit its ops.
    """

    passes: Mapping[str, Pass]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the passes, in their order."""
        return tuple(self.passes)

    def only(self, *names: str) -> "Pipeline":
        """Return the passes of these names, in the order of this pipeline.

        Raises UsageError for a name that no pass has.
        """
        if unknown := {*names} - self.passes.keys():
            raise UsageError(
                f"no pass is called {', '.join(sorted(unknown))}",
                f"passes: {', '.join(self.passes)}",
            )
        return Pipeline({name: run for name, run in self.passes.items() if name in names})

    def __iter__(self) -> Iterator[Pass]:
        return (_guarded(name, run) for name, run in self.passes.items())

    def __call__(self, graph: Graph) -> Result:
        """Run the passes one after another."""
        return in_turn(graph, self)


def _guarded(name: str, run: Pass) -> Pass:
    """Return a pass that raises DlconvError for a graph whose constants or inputs do not fit.

    TensorFlow would refuse such a graph when it runs; a pass finds out by an exception of numpy's.
    """

    def refusing(graph: Graph) -> Result:
        try:
            return run(graph)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise DlconvError(
                f"{name} stops at this graph, whose constants or inputs do not fit: {error}",
                "if TensorFlow runs it, convert it as it is, and report this",
                code="pass-stops",
            ) from error

    return refusing
