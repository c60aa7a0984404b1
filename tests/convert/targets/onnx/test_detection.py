import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, data_type, node
from support.onnx_operations import assert_refused, assert_same

# What each version reads, and what it gives.
INPUTS = ["boxes", "scores", "most", "overlap", "least", "sigma"]
READS = {"": 3, "V2": 4, "V3": 5, "V4": 5, "V5": 6}
GIVES = {
    "": ["int32"],
    "V2": ["int32"],
    "V3": ["int32"],
    "V4": ["int32", "int32"],
    "V5": ["int32", "float32", "int32"],
}


def suppression(version, port=0, most=5, overlap=0.5, least=-9.0, sigma=0.0, **attributes):
    values = {"most": np.int32(most), **_floats(overlap=overlap, least=least, sigma=sigma)}
    types = {} if version in ("", "V2") else {"T_threshold": np.float32}
    inputs = INPUTS[: READS[version]]
    if version == "":
        attributes["iou_threshold"] = overlap
    op = f"NonMaxSuppression{version}"
    return [
        *(const(name, values[name]) for name in inputs[2:]),
        node("found", op, *inputs, T=np.float32, **types, **attributes),
        node("y", "Identity", f"found:{port}", T=GIVES[version][port]),
    ]


def _floats(**values):
    return {name: np.float32(value) for name, value in values.items()}


def boxes(count, seed=0) -> dict[str, np.ndarray]:
    """Boxes that overlap, some without an area, corners in any order, and scores with ties."""
    random = np.random.default_rng(seed)
    corners = random.integers(0, 8, (count, 4)).astype(np.float32)
    scores = random.integers(0, 5, count).astype(np.float32) / 4
    return {"boxes": corners, "scores": scores}


@settings(max_examples=40)
@given(
    st.sampled_from([(version, port) for version in GIVES for port in range(len(GIVES[version]))]),
    st.integers(0, 30),
    st.integers(0, 12),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.sampled_from([-9.0, 0.0, 0.3, 2.0]),
    st.booleans(),
)
def test_non_max_suppression(version_and_port, count, most, overlap, least, pads):
    version, port = version_and_port
    attributes = {"pad_to_max_output_size": pads} if version in ("V4", "V5") else {}
    nodes = suppression(version, port, most, overlap, least, **attributes)
    assert_same(nodes, boxes(count, seed=count))


@pytest.mark.parametrize("pads", [False, True])
@pytest.mark.parametrize("port", [0, 1, 2])
def test_thresholds_and_how_many_may_be_computed(port, pads):
    nodes = suppression("V5", port, pad_to_max_output_size=pads)
    nodes = [made for made in nodes if made.name not in ("most", "overlap", "least")]
    computed = {
        "most": np.array(7, np.int32),
        "overlap": np.array(0.4, np.float32),
        "least": np.array(0.2, np.float32),
    }
    assert_same(nodes, {**boxes(40), **computed})


def test_many_boxes_with_equal_scores_come_in_their_order():
    found = boxes(3000)
    assert_same(suppression("V3", most=500, overlap=0.9), found)


def test_scores_without_a_bound_are_never_too_low():
    found = boxes(6)
    found["scores"][:2] = [-np.inf, -1e38]
    assert_same(suppression("", most=6, overlap=1.0), found)


def test_lowered_scores_are_refused():
    reason = "it lowers the scores of boxes that overlap"
    assert_refused(suppression("V5", sigma=0.5), boxes(3), reason)


def test_boxes_of_other_types_are_refused():
    nodes = suppression("V3")
    found = {name: array.astype(np.float16) for name, array in boxes(3).items()}
    nodes[-2].attr["T"].type = data_type(np.float16)
    assert_refused(nodes, found, "its boxes are float16")
