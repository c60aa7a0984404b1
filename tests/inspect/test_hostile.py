"""Graphs that are broken or made to break things: a DlconvError of one line, or an inspection."""

import io
import os
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from support.deeplab import classifier, deeplab_plus, detector, exported, exported_nearest
from support.graphs import const, convolution, graph_def, node, placeholder, tiny_segmenter
from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.convert.rewrite import rewrite
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import parse_graph, read_graph
from dlconv.graph.contract import Ends
from dlconv.graph.cut import cut
from dlconv.graph.graph import Graph
from dlconv.inspect import report
from dlconv.inspect.inspection import inspect_graph
from dlconv.inspect.overlay import weight_bytes

F, I = np.float32, np.int32  # noqa: E741
GRAPHS = [make() for make in (exported, exported_nearest, deeplab_plus, detector, classifier)]
NUMBERS = [0, 1, -1, 2, 3, 33, 2**31 - 1, 2**40, 2**63 - 1, -(2**63)]
OPS = sorted({each.op for graph in GRAPHS for each in graph.node} | {"NextIteration", "Merge"})
EDITS = ["input", "drop input", "more input", "op", "number", "drop attribute", "drop node", "name"]


def outcome(run):
    """The message of the error that running ends in, empty for none, and the result."""
    try:
        return "", run()
    except DlconvError as error:
        return str(error), None


def inspected(content):
    """Inspect what bytes hold and lay it out, as the command does; True if that is possible."""
    message, found = outcome(lambda: inspect_graph(Graph(parse_graph(content, "graph.pb"))))
    assert message.isprintable()
    if message:
        return False
    console = Console(file=io.StringIO(), width=140)
    console.print(report.tables(found))
    assert "\x1b" not in console.file.getvalue()
    return True


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_bytes(data):
    content = bytearray(data.draw(st.sampled_from(GRAPHS)).SerializeToString())
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    inspected(bytes(content[: data.draw(st.integers(0, len(content)))]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_structure(data):
    graph = GraphDef()
    graph.CopyFrom(data.draw(st.sampled_from(GRAPHS)))
    for _ in range(data.draw(st.integers(1, 6))):
        damage(graph, data)
    inspected(graph.SerializeToString())
    message, _ = outcome(lambda: rewrite(Graph(graph)))
    assert message.isprintable()


def damage(graph, data):
    def one_of(values):
        return data.draw(st.sampled_from(list(values)))

    names = [each.name for each in graph.node]
    victim, edit = graph.node[names.index(one_of(names))], one_of(EDITS)
    if edit == "input" and victim.input:
        at = data.draw(st.integers(0, len(victim.input) - 1))
        victim.input[at] = one_of(names) + one_of(["", ":1", ":x", ":-1"])
    elif edit == "drop input" and victim.input:
        del victim.input[-1]
    elif edit == "more input":
        victim.input.append(one_of(["", "^"]) + one_of(names))
    elif edit == "op":
        victim.op = one_of(OPS)
    elif edit == "number" and victim.attr:
        change_number(victim.attr[one_of(sorted(victim.attr))], one_of(NUMBERS))
    elif edit == "drop attribute" and victim.attr:
        del victim.attr[one_of(sorted(victim.attr))]
    elif edit == "drop node" and len(names) > 1:
        graph.node.remove(victim)
    elif edit == "name":
        victim.name = one_of(["two\nlines", "\x1b[31mred", "[/bold]", "x" * 5000])


def change_number(value, number):
    if value.HasField("tensor"):
        value.tensor.tensor_shape.dim.add(size=number)
    elif value.HasField("shape"):
        value.shape.dim.add(size=number)
    elif value.list.i:
        value.list.i[-1] = number
    else:
        value.i = number


def fill(shape):
    """A constant that has one element and claims to be a fill."""
    made = const("fill", 1.0, F)
    tensor = made.attr["value"].tensor
    tensor.tensor_content = b""
    tensor.float_val.append(1.0)
    for extent in shape:
        tensor.tensor_shape.dim.add(size=extent)
    return made


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ([1 << 40], "claim to be 4,398,046,511"),
        ([-1], "fill has an impossible shape"),
        ([1] * 33, "fill has an impossible shape"),
    ],
)
def test_a_constant_has_a_shape_that_can_be(shape, message):
    content = graph_def(*tiny_segmenter().node, fill(shape)).SerializeToString()
    with pytest.raises(DlconvError, match=message):
        parse_graph(content, "bomb.pb")


def test_a_fill_takes_the_memory_of_its_element():
    graph = Graph(graph_def(fill([1 << 28])))
    array = graph.constant(graph.nodes["fill"])
    assert (array.shape, array[-1], array.base.nbytes) == ((1 << 28,), 1.0, 4)


def test_shapes_that_grow_without_end_are_not_followed():
    dims = [node("d0", "ExpandDims", "ImageTensor", "axis", T=np.uint8)]
    dims += [node(f"d{i}", "ExpandDims", f"d{i - 1}", "axis", T=np.uint8) for i in range(1, 5000)]
    packs = [node("p0", "Pack", "axis", "axis", T=I)]
    packs += [node(f"p{i}", "Pack", f"p{i - 1}", f"p{i - 1}", T=I) for i in range(1, 60)]
    assert inspected(graph_def(*tiny_segmenter().node, *dims, *packs).SerializeToString())


def test_a_file_of_more_than_2_gib_is_refused_unread(tmp_path):
    path = tmp_path / "graph.pb"
    path.touch()
    os.truncate(path, 3 << 30)
    with pytest.raises(DlconvError, match="larger than a GraphDef can be"):
        read_graph(path)


def test_a_graph_that_calls_functions_is_refused(tmp_path):
    graph = graph_def(placeholder("x", F, (1,)), node("y", "body", "x"))
    graph.library.function.add().signature.name = "body"
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(DlconvError, match=r"calls functions.*1 nodes do, the first is y \(body\)"):
        read_graph(path)


def test_an_input_that_is_the_output_is_refused():  # found by fuzzing
    with pytest.raises(DlconvError, match="nothing of SemanticPredictions goes into"):
        cut(tiny_segmenter(), Ends("SemanticPredictions", ("SemanticPredictions",)))


def test_a_concatenation_of_nothing_has_no_axis():  # found by fuzzing
    assert inspected(graph_def(*tiny_segmenter().node, node("c", "ConcatV2")).SerializeToString())


def head(dtype=F):
    return [
        placeholder("ImageTensor", np.uint8, (1, 33, 33, 3)),
        node("c0", "Cast", "ImageTensor", SrcT=np.uint8, DstT=dtype),
        const("kernel", np.ones((1, 1, 3, 3)), F),
        const("axis", 3, I),
    ]


def chain(count):
    return [node(f"c{i + 1}", "Relu", f"c{i}", T=F) for i in range(count)]


def wide(count):
    parts = [convolution(f"r{i}", "c0", "kernel", rates=(2, 2)) for i in range(count)]
    return [*parts, node("all", "ConcatV2", *(p.name for p in parts), "axis", T=F)]


def identities(count):
    return [
        node("i0", "Identity", "kernel", T=F),
        *(node(f"i{i + 1}", "Identity", f"i{i}", T=F) for i in range(count // 2)),
        *(node(f"c{i + 1}", "Maximum", f"c{i}", f"i{count // 2}", T=F) for i in range(count // 2)),
    ]


def sinks(count):
    return [node(f"r{i}", "Relu", "c0", T=F) for i in range(count)]


@pytest.mark.parametrize("shape", [chain, wide, identities, sinks])
def test_time_grows_no_faster_than_the_graph(shape):
    def seconds(count):
        graph = Graph(graph_def(*head(), *shape(count)))
        started = time.process_time()
        inspect_graph(graph)
        weight_bytes(graph)
        return time.process_time() - started

    seconds(100)
    assert seconds(5_000) < 25 * seconds(500) + 0.5
