from collections import Counter

import pytest
from support.deeplab import (
    classifier,
    deeplab,
    deeplab_plus,
    dense_cell,
    lite_deeplab,
    on_mirrored_images,
    plain_segmenter,
    smaller_and_back,
)
from support.graphs import fake_quant, tiny_segmenter
from support.real import TARBALLS
from support.running import frozen_from, result_of
from support.sample import sample_graph
from support.shared import ZOO, needs_shared

from dlconv.convert.rewrite import rewrite
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.flow import Flow
from dlconv.graph.graph import Graph
from dlconv.graph.sizes import static_at, usual_size
from dlconv.inspect.stages import Stage, find_stages


def staged(graph_def):
    """A graph, and the stage of each of its nodes."""
    graph = Graph(graph_def)
    contract = find_contract(graph)
    flow = Flow(graph, contract.input.node, contract.output.node)
    stages = find_stages(flow, static_at(graph, contract, usual_size(contract)))
    assert stages.keys() == graph.nodes.keys()
    return graph, stages


def stages_of(graph_def):
    """The nodes of each stage, but for constants and what reads them alone."""
    graph, stages = staged(graph_def)
    return {
        stage.value: {
            name
            for name, own in stages.items()
            if own is stage and graph.constant(graph.nodes[name]) is None
        }
        for stage in Stage
        if stage in stages.values()
    }


BACKBONE = {"low/conv", "low", "block/conv", "block", "features"}
POOLING = {"pool", "pool_conv/conv", "pool_conv", "pool_up"}
ASPP = {"aspp0/conv", "aspp0", "joined", "projection/conv", "projection"}
LOGITS = {"logits/conv", "logits"}


def test_deeplab_has_all_stages():
    assert stages_of(deeplab(rates=(6, 12))) == {
        "input": {"photo"},
        "preprocessing": {"float", "centred"},
        "backbone": BACKBONE,
        "image pooling": POOLING,
        "ASPP": ASPP | {"projection/relu", "aspp1/conv", "aspp1", "aspp2/conv", "aspp2"},
        "decoder": LOGITS,
        "postprocessing": {"up"},
        "output": {"labels"},
    }


def test_without_image_pooling_the_aspp_is_known_by_its_rates():
    found = stages_of(deeplab(pooling=False, rates=(6,)))
    assert "image pooling" not in found
    assert found["ASPP"] == ASPP | {"projection/relu", "aspp1/conv", "aspp1"}
    assert found["backbone"] == BACKBONE


def test_features_that_go_past_the_aspp_belong_to_the_decoder():
    found = stages_of(deeplab_plus())
    assert found["backbone"] == BACKBONE
    assert found["ASPP"] == ASPP
    refined = {"low_projection/conv", "low_projection", "larger", "both", "refine/conv", "refine"}
    assert found["decoder"] == refined | LOGITS


def test_branches_may_go_on_from_others():
    found = stages_of(dense_cell())
    assert found["backbone"] == BACKBONE
    branches = {f"branch{index}{part}" for index in range(4) for part in ("", "/conv")}
    assert found["ASPP"] == branches | {"joined", "projection", "projection/conv"}
    assert found["decoder"] == LOGITS


def test_a_network_that_runs_twice_has_its_stages_twice():
    found = stages_of(on_mirrored_images())
    assert {"centred", "flipped"} < found["preprocessing"]
    for stage, names in {
        "backbone": BACKBONE,
        "image pooling": POOLING,
        "ASPP": ASPP | {"projection/relu"},
        "decoder": LOGITS,
    }.items():
        assert found[stage] == names | {f"again/{name}" for name in names}
    answers = {"up", "again/up", "back", "softmax", "again/softmax", "both"}
    assert found["postprocessing"] == answers


def test_what_is_made_small_for_more_than_one_convolution_is_no_pool():
    found = stages_of(smaller_and_back())
    assert "image pooling" not in found
    assert {"pool", "deep", "deeper", "joined"} < found["backbone"]


def test_activations_of_8_bit_training_belong_to_their_layer():
    graph = deeplab()
    graph.node.extend(fake_quant("quantized", "projection/relu", -1.0, 1.0))
    logits = next(node for node in graph.node if node.name == "logits/conv")
    logits.input[0] = "quantized"
    assert "quantized" in stages_of(graph)["ASPP"]


@pytest.mark.parametrize("window", [None, 13])
def test_pooled_features_may_scale_the_others(window):
    found = stages_of(lite_deeplab(window))
    assert found["image pooling"] == POOLING | {"gate"}
    assert found["ASPP"] == {"aspp0/conv", "aspp0", "scaled"}
    assert {"high_logits", "low_logits", "logits"} < found["decoder"]


def test_a_segmenter_without_aspp_has_its_last_convolution_as_decoder():
    found = stages_of(plain_segmenter())
    assert found["backbone"] == BACKBONE
    assert found["decoder"] == LOGITS
    assert found.keys().isdisjoint({"ASPP", "image pooling"})


def test_a_classifier_is_a_backbone():
    found = stages_of(classifier())
    assert found.keys() == {"input", "preprocessing", "backbone", "output"}
    assert {"squeeze", "gate", "global", "dense", "scores"} < found["backbone"]


def test_a_convolution_that_is_first_and_last_makes_scores():
    found = stages_of(tiny_segmenter())
    assert found["preprocessing"] == {"ToFloat"}
    assert found["decoder"] == {"scores"}


def test_constants_shape_arithmetic_and_checks_stand_with_what_needs_them(tmp_path):
    _, stages = staged(read_graph(sample_graph(tmp_path).path))
    for name, stage in {
        "logits/semantic/weights": Stage.DECODER,
        "ResizeBilinear_1/size": Stage.IMAGE_POOLING,
        "Assert/Assert/Assert": Stage.PREPROCESSING,
        "stack_4": Stage.POSTPROCESSING,
        "SemanticPredictions/begin": Stage.POSTPROCESSING,
    }.items():
        assert stages[name] is stage


def assert_deeplab(found):
    assert found["input"] == {"ImageTensor"}
    assert found["output"] == {"SemanticPredictions"}
    assert "sub_7" in found["preprocessing"]
    assert all(name.startswith("MobilenetV2/") for name in found["backbone"])
    assert "AvgPool2D/AvgPool" in found["image pooling"]
    assert {"aspp0/Conv2D", "concat_projection/Relu"} < found["ASPP"]
    assert found["decoder"] == {"logits/semantic/Conv2D", "logits/semantic/BiasAdd"}
    assert {"ResizeBilinear_3", "ArgMax"} < found["postprocessing"]


def test_the_sample_has_them_as_exported_and_rewritten(tmp_path):
    graph = read_graph(sample_graph(tmp_path).path)
    assert_deeplab(stages_of(graph))
    assert_deeplab(stages_of(result_of(rewrite, graph)))


@needs_shared
@pytest.mark.parametrize("model", TARBALLS)
def test_real_networks_have_them_too(tmp_path, model):
    graph = read_graph(frozen_from(ZOO / "models" / TARBALLS[model], tmp_path).path)
    found = stages_of(graph)
    assert_deeplab(found)
    kinds = Counter(Graph(graph).nodes[name].op for name in found["backbone"])
    assert (kinds["Conv2D"], kinds["DepthwiseConv2dNative"]) == (34, 17)
