"""Artifacts that are broken on purpose: verify fails, and says so.

The sample network, changed as converters and people get it wrong, against the sample as it is.
"""

import json

import numpy as np
import pytest
from support.graphs import const, kernel_of
from support.layout_2018 import write_layout_2018
from support.sample import PHOTOS

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph


def checked(call, place, reference, *options):
    photos = [word for photo in sorted(PHOTOS.glob("*.png"))[:2] for word in ("--images", photo)]
    return call("verify", place, "--reference", reference, *photos, *options)


def converted(call, tmp_path, graph, target="tfjs"):
    """Convert a changed graph; the artifact has no manifest, as if others had made it."""
    (tmp_path / "changed.pb").write_bytes(graph.SerializeToString())
    place = tmp_path / ("broken" if target == "tfjs" else "broken.onnx")
    answer = call(target, tmp_path / "changed.pb", "-o", place)
    assert answer.exit_code == 0, answer.output
    for manifest in tmp_path.rglob("*manifest.json"):
        manifest.unlink()
    return place


def scores_kernel(graph):
    """The constant with the kernel that gives the scores: the last before the ArgMax."""
    view = Graph(graph)
    argmax = next(node for node in view.order if node.op == "ArgMax")
    behind = [node for node in view.ancestors(argmax.name) if node.op == "Conv2D"]
    last = next(node for node in reversed(view.order) if node in behind)
    return kernel_of(view, last)


def replaced(node, values):
    node.CopyFrom(const(node.name, values, np.float32))


def swapped_classes(graph):
    kernel = scores_kernel(graph)
    values = Graph(graph).constant(kernel)
    order = np.arange(values.shape[-1])
    order[[0, 1]] = 1, 0
    replaced(kernel, values[..., order])


def bgr(graph):
    view = Graph(graph)
    first = next(node for node in view.order if node.op == "Conv2D")
    kernel = kernel_of(view, first)
    replaced(kernel, view.constant(kernel)[:, :, ::-1])


def unaligned_corners(graph):
    resizes = [node for node in graph.node if node.op == "ResizeBilinear"]
    assert any(node.attr["align_corners"].b for node in resizes)
    for node in resizes:
        node.attr["align_corners"].b = False


@pytest.mark.parametrize("target", ["tfjs", "onnx"])
@pytest.mark.parametrize("change", [swapped_classes, bgr, unaligned_corners])
def test_a_graph_that_was_got_wrong_falls_short(call, reference, tmp_path, change, target):
    graph = read_graph(reference)
    change(graph)
    place = converted(call, tmp_path, graph, target)
    answer = checked(call, place, reference, "--report", "r.xml")
    assert answer.exit_code == 1
    assert "mean agreement" in answer.stderr
    assert "is below the floor" in (tmp_path / "r.xml").read_text()


def test_the_same_graph_by_others_passes(call, reference, tmp_path):
    place = converted(call, tmp_path, read_graph(reference))
    answer = checked(call, place, reference)
    assert answer.exit_code == 0, answer.output


def test_a_model_of_2018_is_run_through_an_upgrade_and_named_by_its_own_files(
    call, reference, tmp_path
):
    old = write_layout_2018(read_graph(reference), tmp_path / "old")
    answer = checked(call, old, reference, "--json")
    assert answer.exit_code == 0, answer.output
    (row,) = json.loads(answer.stdout)["results"]
    assert row["artifact"] == str(old / "tensorflowjs_model.pb")
    assert row["bytes"] == sum(file.stat().st_size for file in old.iterdir())
    assert (row["runtime"]["name"], row["agreement"]["mean"]) == ("tfjs-node", 1)


@pytest.mark.parametrize("change", [swapped_classes, bgr])
def test_a_model_of_2018_that_was_got_wrong_falls_short(call, reference, tmp_path, change):
    graph = read_graph(reference)
    change(graph)
    answer = checked(call, write_layout_2018(graph, tmp_path / "old"), reference)
    assert answer.exit_code == 1
    assert "tensorflowjs_model.pb in tfjs-node wasm: mean agreement" in answer.stderr


def test_another_frozen_graph_is_run_in_tensorflow(call, reference, tmp_path):
    assert call("rewrite", reference, "-o", "faster.pb").exit_code == 0
    graph = read_graph(reference)
    swapped_classes(graph)
    (tmp_path / "wrong.pb").write_bytes(graph.SerializeToString())
    answer = checked(call, "faster.pb", reference, "--json", "--runtime", "all")
    assert answer.exit_code == 0, answer.output
    (row,) = json.loads(answer.stdout)["results"]
    assert (row["artifact"], row["target"]) == ("faster.pb", "tensorflow")
    assert row["runtime"]["name"] == "tensorflow"
    answer = checked(call, "wrong.pb", reference)
    assert answer.exit_code == 1
    assert "wrong.pb in tensorflow cpu: mean agreement" in answer.stderr


def test_a_frozen_graph_that_tensorflow_does_not_take_falls_short_in_one_line(
    call, reference, tmp_path
):
    graph = read_graph(reference)
    next(node for node in graph.node if node.op == "Conv2D").attr["padding"].s = b"SOME"
    (tmp_path / "wrong.pb").write_bytes(graph.SerializeToString())
    answer = checked(call, "wrong.pb", reference)
    assert answer.exit_code == 1
    assert "wrong.pb in tensorflow cpu: TensorFlow does not take" in answer.stderr
    assert "Traceback" not in answer.output


def with_a_flipped_byte(directory):
    """Flip the greatest bit but one of a weight's exponent."""
    shard = directory / "group1-shard1of1.bin"
    content = bytearray(shard.read_bytes())
    (group,) = json.loads((directory / "model.json").read_text())["weightsManifest"]
    offset = 0
    for weight in group["weights"]:
        size = int(np.prod(weight["shape"], dtype=int)) * 4
        if weight["dtype"] == "float32" and len(weight["shape"]) == 4:
            break
        offset += size
    content[offset + 3] ^= 0x40
    shard.write_bytes(content)


def test_a_flipped_byte_is_found_by_its_digest(call, reference, tmp_path):
    assert call("tfjs", reference, "-o", "broken").exit_code == 0
    with_a_flipped_byte(tmp_path / "broken")
    answer = checked(call, "broken", reference)
    assert answer.exit_code == 1
    assert "group1-shard1of1.bin is not the file that was made: SHA-256" in answer.stderr


def test_without_a_manifest_a_flipped_byte_is_found_by_the_labels(call, reference, tmp_path):
    place = converted(call, tmp_path, read_graph(reference))
    with_a_flipped_byte(place)
    answer = checked(call, place, reference, "--report", "report.md")
    assert answer.exit_code == 1
    assert "is below the floor" in answer.stderr
    assert "0 of 1 passed" in (tmp_path / "report.md").read_text()
