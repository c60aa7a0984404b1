import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from support.artifacts import made
from support.graphs import graph_def, layer, node, placeholder
from support.networks import pictures, small_segmenter
from support.running import run
from support.sample import sample_graph, sample_photos

from dlconv.cli.words import in_words
from dlconv.convert.quantize.apply import WeightStorage, round_layers
from dlconv.convert.quantize.grid import tensor_grid
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.in_tensorflow import TensorFlowNetwork
from dlconv.convert.quantize.layers import find_layers
from dlconv.convert.quantize.storage import tfjs_target
from dlconv.errors import DlconvError, UsageError
from dlconv.floors import Floors
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.recipe import DEFAULT_AUTO_FLOORS, Precision
from dlconv.runtimes.onnxruntime import open_session

LARGE = "large/conv"


def test_every_layer_is_rounded_as_the_target_stores_it(small, learn):
    learned = learn()
    assert [each.layer.name for each in learned.rounded] == [
        each.name for each in find_layers(small)
    ]
    last_codes = {each.layer.name: each.grid.last_code for each in learned.rounded}
    assert last_codes.pop(LARGE) == 255
    assert set(last_codes.values()) == {65_535}
    assert learned.calibration.origin == "photos"
    assert learned.calibration.warnings[0].startswith("calibrated on 8 photos")
    assert (learned.shares, learned.found) == ((), None)


def test_per_channel_the_large_kernel_has_a_scale_for_each_channel(learn):
    learned = learn(per_channel=True)
    scales = {each.layer.name: each.grid.scale.shape for each in learned.rounded}
    assert scales.pop(LARGE) == (96,)
    assert set(scales.values()) == {()}


def test_explaining_measures_what_each_layer_alone_costs(small, learn):
    learned = learn(explain=True)
    assert {share.layer.name for share in learned.shares} == {
        each.name for each in find_layers(small)
    }
    for share in learned.shares:
        assert share.divergence >= 0
        assert 0 <= share.disagreement <= 1
    dearest = max(learned.shares, key=lambda share: share.divergence)
    assert dearest.layer.name == LARGE, "the only one of 8 bits"


def test_another_target_takes_the_layers_and_stores_the_biases_it_can(small):
    asked = []

    def grids(each):
        asked.append(each.name)
        return [tensor_grid(each.kernel, 5)]

    target = WeightStorage(
        grids, lambda each: not each.is_small, lambda bias: np.float32(0) * bias, 256
    )
    contract = find_contract(small)
    (rounded,) = round_layers(small, contract, target, lambda contract: pictures(3)).rounded
    assert asked == [rounded.layer.name] == [LARGE]
    assert rounded.grid.last_code == 31
    assert not rounded.bias.any()


def test_progress_names_its_steps(small):
    told = []
    round_layers(
        small,
        find_contract(small),
        tfjs_target(False),
        lambda contract: pictures(4),
        Floors(0.5, None, None),
        progress=lambda *step: told.append(step),
    )
    steps = list(dict.fromkeys(name for name, _, _ in told))
    assert len(steps) > 1
    for step in steps:
        counts = [(done, total) for name, done, total in told if name == step]
        assert counts[0][0] == 0
        assert counts[-1][0] == counts[-1][1] > 0
        assert counts == sorted(counts)


@pytest.mark.parametrize("floors", [None, DEFAULT_AUTO_FLOORS])
def test_a_graph_without_layers_is_refused_before_any_photo_is_loaded(floors):
    graph = Graph(
        graph_def(placeholder("x", np.float32, (1, 9, 9, 3)), node("y", "Relu", "x", T=np.float32))
    )
    with pytest.raises(DlconvError, match="nothing to quantize") as raised:
        round_layers(
            graph,
            find_contract(graph),
            tfjs_target(False),
            lambda contract: pytest.fail("loaded"),
            floors,
        )
    assert raised.value.exit_code == 1
    assert "--quantize" in in_words(raised.value)


@pytest.mark.parametrize("count", [None, 1])
def test_a_search_needs_photos_to_calibrate_and_others_to_check_on(learn, count):
    photos = None if count is None else lambda contract: pictures(count)
    with pytest.raises(UsageError, match="photos") as raised:
        learn(photos=photos, floors=DEFAULT_AUTO_FLOORS)
    assert "--calibrate" in in_words(raised.value)


@pytest.mark.parametrize("batch", [1, 4])
def test_the_layers_of_a_network_that_takes_floats_are_rounded_on_generated_images(batch):
    graph = Graph(
        graph_def(
            placeholder("x", np.float32, (batch, 16, 16, 3)),
            *layer("conv", "x", np.random.default_rng(1).normal(size=(3, 3, 3, 4)), np.zeros(4)),
        )
    )
    learned = round_layers(graph, find_contract(graph), tfjs_target(False))
    assert learned.calibration.origin == "synthetic"
    assert len(learned.rounded) == 1


def test_the_same_photos_give_the_same_codes_and_others_do_not(small, learn):
    first, again = (learn().rounded for _ in range(2))
    others = learn(photos=lambda contract: pictures(8, (35, 30))).rounded
    assert all(np.array_equal(a.codes, b.codes) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.codes, b.codes) for a, b in zip(first, others, strict=True))


@pytest.mark.long
def test_the_threads_of_onnx_runtime_change_no_byte(tmp_path, monkeypatch):
    frozen, photos = sample_graph(tmp_path), sample_photos()[:2]
    contents = []
    for threads in (1, 3):
        opening = partial(open_session, threads=threads)
        monkeypatch.setattr("dlconv.convert.quantize.in_onnxruntime.open_session", opening)
        place = tmp_path / str(threads)
        made("tfjs", frozen, place, Precision.UINT8, lambda contract: photos)
        contents.append({file.name: file.read_bytes() for file in sorted(place.iterdir())})
    assert len(contents[0]) > 2
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    "words",
    [
        ("tfjs", "--quantize", "1"),
        ("onnx", "--quantize", "1"),
        ("onnx", "--quantize", "static"),
    ],
    ids=" ".join,
)
def test_quantizing_imports_no_tensorflow(words, tmp_path):
    graph = tmp_path / "small.pb"
    graph.write_bytes(small_segmenter().SerializeToString())
    for number, picture in enumerate(pictures(2)):
        Image.fromarray(picture[0]).save(tmp_path / f"{number}.png")
    target, *options = words
    place = tmp_path / ("made.onnx" if target == "onnx" else "made")
    command = [target, graph, *options, "--calibrate", tmp_path, "-o", place]
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dlconv", *map(str, command)],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    imported = {line.split("|")[-1].strip().split(".")[0] for line in answer.stderr.splitlines()}
    assert {"numpy", "onnx", "onnxruntime"} <= imported
    assert not {"tensorflow", "tf2onnx"} & imported


def unwritable():
    """A convolution behind an op that ONNX does not have and TensorFlow computes."""
    return Graph(
        graph_def(
            placeholder("x", np.float32, (1, 16, 16, 3)),
            node("unusual", "BesselI0e", "x", T=np.float32),
            *layer("conv", "unusual", np.random.default_rng(1).normal(size=(3, 3, 3, 4))),
        )
    )


def test_a_graph_that_onnx_cannot_hold_is_calibrated_in_tensorflow_and_that_is_said():
    graph = unwritable()
    learned = round_layers(graph, find_contract(graph), tfjs_target(False))
    assert learned.libraries == ("tensorflow",)
    assert learned.calibration.warnings == (
        "calibrated in TensorFlow, since dlconv does not write BesselI0e as ONNX (node unusual)",
    )
    assert len(learned.rounded) == 1


def test_for_onnx_it_is_refused():
    graph = unwritable()
    with pytest.raises(DlconvError, match="does not write BesselI0e as ONNX"):
        round_layers(graph, find_contract(graph), tfjs_target(False), open_network=OnnxNetwork)


def test_onnx_runtime_and_tensorflow_teach_nearly_the_same(small, learn):
    """Almost all codes are equal, and the others neighbours."""
    onnx, tensorflow = learn(), learn(open_network=TensorFlowNetwork)
    assert onnx.libraries == ("onnx", "onnxruntime")
    for one, other in zip(onnx.rounded, tensorflow.rounded, strict=True):
        assert np.abs(one.kernel - other.kernel).mean() <= 0.01 * float(one.grid.scale)


def test_the_small_network_tells_classes_apart(small):
    """Or else nothing here would be worth much."""
    labels = [run(small_segmenter(), "labels", ImageTensor=picture) for picture in pictures(3)]
    counts = np.bincount(np.concatenate([each.ravel() for each in labels]), minlength=4)
    assert np.sort(counts)[-2] > 0.3 * counts.sum()


@pytest.mark.parametrize("where", ["a kernel", "a photo"])
def test_what_is_no_number_is_named(where):
    ones, zeros = np.ones((1, 1, 3, 3), np.float32), np.zeros(3, np.float32)
    kernel = np.full_like(ones, np.nan if where == "a kernel" else 1)
    graph = Graph(
        graph_def(
            placeholder("image", np.float32, (None, 8, 8, 3)),
            *layer("first", "image", kernel, zeros),
            *layer("second", "first", ones, zeros),
        )
    )
    contract = SimpleNamespace(
        input=SimpleNamespace(node="image", dtype="float32", shape=(1, 8, 8, 3)),
        output=SimpleNamespace(node="second"),
        crop=(8, 8),
    )
    photo = np.full((1, 8, 8, 3), np.inf if where == "a photo" else 1, np.float32)
    with pytest.raises(DlconvError, match="cannot quantize (first|second)"):
        round_layers(graph, contract, tfjs_target(False), lambda _: [photo] * 4)
