import numpy as np
import pytest
from support.artifacts import PLAIN, onnx_artifact, tfjs_artifact
from support.layout_2018 import write_layout_2018
from support.sample import sample_graph
from support.tflite_files import CONV_2D, DEPTHWISE_CONV_2D, kernel_model

from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.network import WeightTensor, total_elements, weight_of
from dlconv.formats.read import read_network
from dlconv.inspect.matching import Kind, match_weights
from dlconv.recipe import Precision

RANDOM = np.random.default_rng(5)
KERNEL = RANDOM.normal(size=(3, 3, 6, 4)).astype(np.float32)
DEPTHWISE = RANDOM.normal(size=(3, 3, 8, 1)).astype(np.float32)


def kinds(before, after):
    matching = match_weights(before, after)
    return [(match.before.name, match.after.name, match.kind) for match in matching.matches]


def test_equal_tensors_match_whatever_they_are_called():
    before = [weight_of("a", KERNEL), weight_of("b", KERNEL + 1)]
    after = [weight_of("x", KERNEL + 1), weight_of("y", KERNEL)]
    assert kinds(before, after) == [("a", "y", Kind.EQUAL), ("b", "x", Kind.EQUAL)]


def test_of_several_equal_tensors_each_matches_the_one_of_its_name():
    zeros = np.zeros(9, np.float32)
    before = [weight_of(name, zeros) for name in ("c", "a", "b")]
    after = [weight_of(name, zeros) for name in ("b", "d", "a")]
    assert [pair[:2] for pair in kinds(before, after)] == [("c", "d"), ("a", "a"), ("b", "b")]


@pytest.mark.parametrize(
    ("tensorflow", "onnx"),
    [
        (KERNEL, KERNEL.transpose(3, 2, 0, 1)),
        (DEPTHWISE, DEPTHWISE.transpose(2, 3, 0, 1)),
        (KERNEL[:1, :1], KERNEL[:1, :1].transpose(3, 2, 0, 1)),
        (KERNEL[0, 0], KERNEL[0, 0].T),
        (KERNEL[0, 0, 0], KERNEL[:1, :1, :1].transpose(0, 3, 1, 2)),
    ],
    ids=["kernel", "depthwise", "pointwise", "matrix", "bias"],
)
def test_layouts_do_not_matter(tensorflow, onnx):
    one, other = [weight_of("w", tensorflow)], [weight_of("const_7", onnx)]
    assert kinds(one, other) == [("w", "const_7", Kind.EQUAL)]
    assert kinds(other, one) == [("const_7", "w", Kind.EQUAL)]


@pytest.mark.parametrize(
    ("code", "kernel", "stored"),
    [
        (CONV_2D, KERNEL, KERNEL.transpose(3, 0, 1, 2)),
        (DEPTHWISE_CONV_2D, DEPTHWISE, DEPTHWISE.reshape(1, 3, 3, 8)),
        (DEPTHWISE_CONV_2D, DEPTHWISE.reshape(3, 3, 4, 2), DEPTHWISE.reshape(1, 3, 3, 8)),
    ],
    ids=["kernel", "depthwise", "multiplied"],
)
def test_kernels_of_litert_match_those_of_other_formats(tmp_path, code, kernel, stored):
    parts = kernel_model(code, stored, kernel.shape[2])
    litert = read_network(parts.written(tmp_path / "model.tflite")).weights
    graph = [weight_of("w", kernel)]
    assert kinds(graph, litert) == [("w", "kernel", Kind.EQUAL)]
    assert kinds(litert, graph) == [("kernel", "w", Kind.EQUAL)]


def test_codes_match_what_they_were_rounded_from():
    scale = float(np.ptp(KERNEL)) / 255
    values = (np.rint(KERNEL / scale) * scale).astype(np.float32)
    stored = WeightTensor("q", KERNEL.shape, "float32", "uint8", KERNEL.size, values, scale)
    others = [weight_of("noise", RANDOM.normal(size=KERNEL.shape).astype(np.float32)), stored]
    (match,) = match_weights([weight_of("w", KERNEL)], others).matches
    assert (match.after, match.kind) == (stored, Kind.ROUNDED)
    assert 0 < match.difference <= scale / 2 * 1.001


@pytest.mark.parametrize("kernel", [KERNEL, DEPTHWISE.squeeze()], ids=["kernel", "depthwise"])
def test_a_folded_batch_norm_is_a_factor_for_each_channel(kernel):
    factors = RANDOM.uniform(-3, 9, kernel.shape[-1]).astype(np.float32)
    (match,) = match_weights([weight_of("w", kernel)], [weight_of("f", kernel * factors)]).matches
    assert match.kind is Kind.SCALED
    assert match.likeness == pytest.approx(1)


def test_what_is_changed_is_similar_and_what_is_another_is_none():
    changed = KERNEL + RANDOM.normal(scale=0.1, size=KERNEL.shape).astype(np.float32)
    other = RANDOM.normal(size=KERNEL.shape).astype(np.float32)
    matching = match_weights(
        [weight_of("w", KERNEL), weight_of("o", other)],
        [weight_of("c", changed), weight_of("p", -KERNEL[::-1])],
    )
    (match,) = matching.matches
    assert (match.after.name, match.kind) == ("c", Kind.SIMILAR)
    assert 0.9 < match.likeness < 1
    assert [weight.name for weight in matching.only_before] == ["o"]
    assert [weight.name for weight in matching.only_after] == ["p"]


def test_what_is_not_finite_or_not_known_ends_nothing():
    broken = weight_of("nan", np.full_like(KERNEL, np.nan))
    unread = WeightTensor("variable", KERNEL.shape, "float32", "float32", KERNEL.nbytes, None)
    huge = weight_of("huge", np.full_like(KERNEL, 3e38))
    matching = match_weights([broken, unread, huge], [weight_of("w", KERNEL)])
    assert (matching.matches, matching.unread) == ((), (unread,))
    assert [weight.name for weight in matching.only_before] == ["nan", "huge"]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    return sample_graph(tmp_path_factory.mktemp("frozen"))


def shares(before, after):
    """The share of the elements of a network that each kind of match has."""
    matching = match_weights(read_network(before).weights, read_network(after).weights)
    total = total_elements(read_network(before).weights)
    found = {kind: matching.of_kind(kind) for kind in Kind}
    return {
        kind: total_elements(match.before for match in matches) / total
        for kind, matches in found.items()
    }


def test_the_layout_of_2018_holds_the_very_weights(frozen, tmp_path):
    write_layout_2018(read_graph(frozen.path), tmp_path / "old")
    assert shares(frozen.path, tmp_path / "old")[Kind.EQUAL] == 1


def test_without_rewriting_a_quantized_model_holds_all_of_the_network(frozen, tmp_path):
    tfjs_artifact(frozen, tmp_path / "web", PLAIN, rewrite=False)
    found = shares(frozen.path, tmp_path / "web")
    assert found[Kind.EQUAL] + found[Kind.ROUNDED] > 0.999


@pytest.mark.slow
def test_rewriting_leaves_kernels_but_for_factors_and_what_it_composed(frozen, tmp_path):
    tfjs_artifact(frozen, tmp_path / "web")
    found = shares(frozen.path, tmp_path / "web")
    assert found[Kind.EQUAL] + found[Kind.SCALED] > 0.6
    onnx_artifact(frozen, tmp_path / "model.onnx")
    assert shares(tmp_path / "web", tmp_path / "model.onnx")[Kind.EQUAL] > 0.99
    onnx_artifact(frozen, tmp_path / "half.onnx", Precision.FLOAT16)
    found = shares(tmp_path / "web", tmp_path / "half.onnx")
    assert found[Kind.ROUNDED] > 0.9
    assert found[Kind.EQUAL] + found[Kind.ROUNDED] > 0.99
