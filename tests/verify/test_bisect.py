"""The node that is wrong is named: the sample network with one layer broken."""

import json

import numpy as np
import pytest
from support.graphs import const, kernel_of
from support.sample import PHOTOS

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.verify.bisect import NodeError, first_beyond
from dlconv.verify.reports.bisect_report import as_data

BROKEN = "MobilenetV2/expanded_conv_9/expand/"


@pytest.fixture
def broken(reference, tmp_path):
    """The sample with the weights of one layer zeroed."""
    graph = read_graph(reference)
    view = Graph(graph)
    (layer,) = (n for n in view.order if n.op == "Conv2D" and n.name.startswith(BROKEN))
    kernel = kernel_of(view, layer)
    kernel.CopyFrom(const(kernel.name, np.zeros_like(view.constant(kernel))))
    path = tmp_path / "broken.pb"
    path.write_bytes(graph.SerializeToString())
    return path


def bisected(call, place, reference, *options):
    photo = sorted(PHOTOS.glob("*.png"))[0]
    return call("bisect", place, "--reference", reference, "--image", photo, *options)


@pytest.mark.parametrize(
    ("target", "place", "options"),
    [
        ("tfjs", "artifact", ()),
        ("onnx", "artifact.onnx", ()),
        # Of one size, larger than the photo.
        ("onnx", "artifact.onnx", ("--input-size", "129", "--layout", "nchw")),
        ("litert", "artifact.tflite", ()),
    ],
)
def test_a_zeroed_layer_is_named(call, reference, broken, target, place, options):
    assert call(target, broken, "-o", place, *options).exit_code == 0
    answer = bisected(call, place, reference, "--json")
    assert answer.exit_code == 1
    content = json.loads(answer.stdout)
    assert content["first"].startswith(BROKEN)
    before = [each["error"] for each in content["nodes"]]
    index = [each["name"] for each in content["nodes"]].index(content["first"])
    assert index > 20
    assert max(before[:index]) < 1e-4
    assert before[index] > 0.1


@pytest.mark.parametrize("target", ["tfjs", "onnx"])
def test_a_faithful_artifact_leaves_nothing(call, reference, target):
    place = "artifact" if target == "tfjs" else "artifact.onnx"
    assert call(target, reference, "-o", place).exit_code == 0
    answer = bisected(call, place, reference)
    assert answer.exit_code == 0, answer.output
    assert "nodes compared, none is beyond the limit" in answer.stdout


def test_frozen_graphs_are_compared_as_well(call, reference, broken):
    for graph, exit_code in ((reference, 0), (broken, 1)):
        assert call("rewrite", graph, "-o", "faster.pb").exit_code == 0
        answer = bisected(call, "faster.pb", reference, "--json")
        assert answer.exit_code == exit_code, answer.output
    assert json.loads(answer.stdout)["first"].startswith(BROKEN)


def test_8_bits_add_a_little_to_most_layers_and_to_none_too_much(call, reference):
    assert call("tfjs", reference, "-o", "artifact", "--quantize", "1").exit_code == 0
    answer = bisected(call, "artifact", reference, "--json")
    assert answer.exit_code == 0
    errors = [each["error"] for each in json.loads(answer.stdout)["nodes"]]
    assert np.median(errors) > 1e-4
    strict = bisected(call, "artifact", reference, "--limit", "1e-4")
    assert strict.exit_code == 1
    assert "the first node that is wrong is" in strict.stdout


def test_another_resolution_has_no_layer_in_common(call, reference):
    assert call("tfjs", reference, "-o", "artifact", "--input-size", "97").exit_code == 0
    answer = bisected(call, "artifact", reference)
    assert answer.exit_code == 1
    assert isinstance(answer.exception, SystemExit)
    assert "another resolution" in answer.stderr


def test_a_value_that_is_no_number_is_beyond_any_limit():
    errors = [NodeError("a", "Relu", 0.0, 0.0), NodeError("b", "Relu", float("nan"), 0.0)]
    assert first_beyond(errors, 1e9) is errors[1]


def test_an_error_that_is_no_number_is_null_in_json(checked, three_photos):
    errors = [NodeError("a", "Relu", 0.5, 0.0), NodeError("b", "Relu", float("nan"), 0.0)]
    content = as_data(checked.artifact, three_photos[0], errors, errors[1])
    assert [each["error"] for each in content["nodes"]] == [0.5, None]
    json.dumps(content, allow_nan=False)
