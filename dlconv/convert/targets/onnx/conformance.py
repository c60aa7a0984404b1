"""What ONNX Runtime was measured to compute wrongly of what dlconv writes.

The writer refuses what it cannot say; what it writes is compared with TensorFlow by the conformance
measurement and by the tests of each operation. Where that found a difference that no writer mends,
the node is refused here.
"""

from collections.abc import Iterator

from dlconv.convert.conformance.judge import Judged, judged
from dlconv.convert.conformance.table import Status, Table, conformance
from dlconv.graph.graph import Graph


def wrong_in_onnx(graph: Graph, table: Table | None = None) -> Iterator[Judged]:
    """Yield the nodes that ONNX Runtime computes wrongly, or fails at, by what was measured."""
    table = table or conformance("onnx")
    for each in judged(table, graph, table.backends[:1]):
        if each.verdict.status in (Status.WRONG, Status.FAILS):
            yield each
