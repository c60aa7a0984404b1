"""Rewrite passes: GraphDef to GraphDef, the same function, faster.

Each pass is a file of its own with one public function. ``PASSES`` names them in the order in which
they make way for each other; running them again changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping

from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.convert.rewrite.compose_pointwise import compose_pointwise
from dlconv.convert.rewrite.drop_asserts import drop_asserts
from dlconv.convert.rewrite.drop_casts import drop_casts
from dlconv.convert.rewrite.drop_identities import drop_identities
from dlconv.convert.rewrite.drop_resizes import drop_resizes
from dlconv.convert.rewrite.flatten_atrous import flatten_atrous
from dlconv.convert.rewrite.fold_batch_norms import fold_batch_norms
from dlconv.convert.rewrite.fold_constants import fold_constants
from dlconv.convert.rewrite.split_pooled import split_pooled
from dlconv.errors import DlconvError, UsageError

Pass = Callable[[GraphDef], GraphDef]

PASSES: Mapping[str, Pass] = {
    "drop-asserts": drop_asserts,
    "drop-identities": drop_identities,
    "flatten-atrous": flatten_atrous,
    "drop-resizes": drop_resizes,
    "drop-casts": drop_casts,
    "fold-batch-norms": fold_batch_norms,
    "compose-pointwise": compose_pointwise,
    "split-pooled": split_pooled,
    "fold-constants": fold_constants,
}


def passes(only: Iterable[str] = ()) -> list[Pass]:
    """Return all passes, or only those named, in their order.

    Raises UsageError for a pass that does not exist; the passes raise DlconvError for a graph that
    does not hold together.
    """
    chosen = set(only)
    if unknown := chosen - PASSES.keys():
        known = ", ".join(PASSES)
        raise UsageError(f"no pass is called {', '.join(sorted(unknown))}", f"passes: {known}")
    return [guarded(name, run) for name, run in PASSES.items() if not chosen or name in chosen]


def guarded(name: str, run: Pass) -> Pass:
    """Make of a pass one that refuses a graph whose constants or inputs do not fit its ops.

    TensorFlow would refuse such a graph when it runs; a pass finds out by an exception of numpy's.
    """

    def refusing(graph_def: GraphDef) -> GraphDef:
        try:
            return run(graph_def)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise DlconvError(
                f"{name} stops at this graph, whose constants or inputs do not fit: {error}",
                "if TensorFlow runs it, convert with --no-rewrite and report this",
            ) from error

    return refusing


def rewrite(graph_def: GraphDef, only: Iterable[str] = ()) -> GraphDef:
    """Run all passes, or only those named. Raises UsageError for one that does not exist."""
    for run in passes(only):
        graph_def = run(graph_def)
    return graph_def
