import json
import sys

import pytest
from support.artifacts import tfjs_artifact

from dlconv.bench import conversion
from dlconv.bench.conversion import (
    OUTPUT,
    Comparison,
    Cost,
    Costs,
    Tool,
    as_data,
    compare,
    find_graph,
    main,
    measure_growth,
    pairs,
    run,
    tables,
)
from dlconv.bench.large_graph import write_large_graph
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.summary import summarize


def python(program, *arguments, name="python"):
    return Tool(name, "nothing", (sys.executable, "-I", "-S", "-c", program, *arguments))


@pytest.fixture
def small_network(tmp_path):
    path = tmp_path / "small.pb"
    return path, write_large_graph(path, scale=1e-4)


def test_the_large_graph_promises_what_a_deeplab_does(small_network):
    path, weights = small_network
    graph = Graph(read_graph(path))
    contract = find_contract(graph)
    assert (contract.input.tensor, contract.input.dtype) == ("ImageTensor:0", "uint8")
    assert (contract.output.tensor, contract.output.dtype) == ("SemanticPredictions:0", "int64")
    assert (contract.crop, contract.classes) == ((513, 513), 21)
    summary = summarize(graph)
    assert {"DepthwiseConv2dNative", "FusedBatchNorm", "Slice", "BiasAdd"} <= set(summary.ops)
    assert summary.weight_elements == weights + 2


def test_the_large_graph_converts_and_is_the_same_each_time(
    small_network, frozen_on_disk, tmp_path
):
    path, _ = small_network
    artifact = tfjs_artifact(frozen_on_disk(read_graph(path)), tmp_path / "artifact")
    assert artifact.manifest.contract.crop == (513, 513)
    again = tmp_path / "again.pb"
    write_large_graph(again, scale=1e-4)
    assert again.read_bytes() == path.read_bytes()


def test_the_number_of_weights_grows_with_the_scale(tmp_path):
    fewer, more = (write_large_graph(tmp_path / "g.pb", scale) for scale in (0.005, 0.02))
    assert 3 < more / fewer < 5


def test_a_run_gives_the_peak_of_the_child_and_not_of_this_process():
    ballast = bytearray(300_000_000)
    idle = run(python("pass"))
    busy = run(python("held = bytearray(100_000_000); held[::4096] = b'x' * len(held[::4096])"))
    assert len(ballast) > idle.peak_bytes
    assert idle.peak_bytes < 60e6
    assert 90e6 < busy.peak_bytes - idle.peak_bytes < 130e6
    assert busy.seconds > 0


def test_each_run_has_a_new_output_and_a_new_cache(tmp_path):
    program = (
        "import os, sys; out, log = sys.argv[1:]; cache = os.environ['DLCONV_CACHE']; "
        "assert not os.listdir(out) and not os.path.exists(cache); "
        "open(log, 'a').write(out + '\\n'); open(out + '/file', 'w')"
    )
    log = tmp_path / "log"
    for _ in range(2):
        run(python(program, OUTPUT, str(log)))
    outputs = log.read_text().split()
    assert len(set(outputs)) == 2


def test_a_converter_that_fails_is_an_error_with_what_it_said():
    with pytest.raises(DlconvError, match=r"exit code 3\): no such op") as raised:
        run(python("import sys; print('working'); print('no such op'); sys.exit(3)"))
    assert "\n" not in str(raised.value)
    with pytest.raises(DlconvError, match="exit code -9"):
        run(python("import os; os.kill(os.getpid(), 9)"))
    with pytest.raises(DlconvError, match="cannot start /nowhere/converter"):
        run(Tool("gone", "tfjs", ("/nowhere/converter",)))


def test_two_tools_take_turns():
    said = []
    ours, other = python("pass", name="ours"), python("pass", name="other")
    pair = compare(ours, other, 2, said.append)
    assert [line.split()[1] for line in said] == ["ours,", "other,", "other,", "ours,"]
    assert len(pair.ours.runs) == len(pair.other.runs) == 2
    assert pair.other.tool is other


@pytest.fixture
def comparison():
    ours = Costs(python("", name="dlconv"), (Cost(2, 100), Cost(1, 300), Cost(9, 200)))
    other = Costs(python("", name="other"), (Cost(20, 1000), Cost(22, 1000), Cost(18, 3000)))
    return Comparison(ours, other)


def test_ratios_are_of_medians(comparison):
    assert (comparison.ours.seconds, comparison.ours.peak_bytes) == (2, 200)
    assert (comparison.seconds_ratio, comparison.peak_ratio) == (10, 5)


def test_commands_name_the_borders_of_the_graph(tiny, tmp_path):
    graph = find_graph(str(tiny.path))
    assert (graph.input, graph.output) == ("ImageTensor", "SemanticPredictions")
    ((tfjs, official), (onnx, tf2onnx)) = pairs(graph, tmp_path)
    assert official.command[0] == str(tmp_path / "bin" / "tensorflowjs_converter")
    assert "--output_node_names=SemanticPredictions" in official.command
    assert "ImageTensor:0" in tf2onnx.command
    assert "SemanticPredictions:0" in tf2onnx.command
    assert (tfjs.target, onnx.target) == ("tfjs", "onnx")
    assert len(pairs(graph, None)) == 1


def test_growth_is_measured_on_graphs_of_growing_size(tiny, comparison):
    growth = measure_growth((1e-4, 1e-2), 1, lambda message: None)
    small, large = growth
    assert small.graph_bytes < large.graph_bytes
    assert small.weights < large.weights
    assert small.peak_per_byte == small.costs.peak_bytes / small.graph_bytes
    content = as_data(find_graph(str(tiny.path)), 3, [comparison], growth)
    assert json.loads(json.dumps(content)) == content
    (pair,) = content["comparisons"]
    assert pair["ratio"] == {"seconds": 10, "peak_bytes": 5}
    assert [tool["name"] for tool in pair["tools"]] == ["dlconv", "other"]
    assert pair["tools"][0]["runs"][0] == {"seconds": 2, "peak_bytes": 100}
    assert content["growth"][1]["weights"] == large.weights
    assert [table.row_count for table in tables([comparison], growth)] == [2, 2]


def test_errors_of_the_program_are_one_line(tiny, tmp_path, capsys):
    assert main([str(tmp_path / "gone.pb")]) == 1
    assert "there is no frozen graph at" in capsys.readouterr().err.splitlines()[-1]
    assert main([str(tiny.path), "--peer", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: there is no ")
    with pytest.raises(SystemExit) as raised:
        main([str(tiny.path), "--rounds", "0"])
    assert raised.value.code == 2


def test_the_program_prints_json_and_does_without_the_peer(tiny, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(conversion, "OFFICIAL_VENV", tmp_path)
    monkeypatch.setattr(
        conversion, "pairs", lambda graph, official_venv: [(python(""), python(""))]
    )
    assert main([str(tiny.path), "--rounds", "1", "--no-growth", "--json"]) == 0
    captured = capsys.readouterr()
    content = json.loads(captured.out)
    assert content["graph"]["path"] == str(tiny.path)
    assert len(content["comparisons"]) == 1
    assert content["growth"] == []
    assert "tensorflowjs_converter is left out" in captured.err
