import re

import pytest

from dlconv.convert.conformance.table import Fault, Measured, Status, Table, conformance
from dlconv.web import tfjs_operations
from support.locks import pins_of

NCHW = Fault({"data_format": "NCHW"}, Status.WRONG)
SIX = Fault({"rank": "6", "T": "int32"}, Status.FAILS, "it says so")
VALUES = {
    "data_format": frozenset({"NCHW", "NHWC"}),
    "rank": frozenset({"4", "6"}),
    "T": frozenset({"float32", "int32"}),
    "axis": frozenset({"computed"}),
}
TABLE = Table(
    {}, ("wasm", "cpu"), {"Op": Measured(9, VALUES, {"wasm": (NCHW, SIX)}, {"cpu": 1e-4})}
)


@pytest.mark.parametrize(
    ("traits", "status"),
    [
        ({"data_format": "NHWC", "rank": "6", "T": "float32"}, Status.EQUAL),
        ({"data_format": "NCHW", "rank": "4", "T": "float32"}, Status.WRONG),
        ({"data_format": "NHWC", "rank": "6", "T": "int32"}, Status.FAILS),
        ({"data_format": "NHWC", "rank": None, "T": "float32"}, Status.EQUAL),
        ({"data_format": "NHWC", "rank": None, "T": "int32"}, Status.FAILS),
        ({"data_format": "NHWC", "rank": "5", "T": "float32"}, Status.UNMEASURED),
        ({"data_format": "NHWC", "rank": "4", "T": "int32", "axis": "constant"}, Status.EQUAL),
    ],
)
def test_traits_decide(traits, status):
    verdict = TABLE.verdict("wasm", "Op", traits)
    assert verdict.status == status
    assert verdict.holds == (status == Status.EQUAL)


def test_what_may_be_counts_and_is_said():
    verdict = TABLE.verdict("wasm", "Op", {"data_format": "NHWC", "rank": None, "T": "int32"})
    assert verdict.reason == "with rank 6 (it may be), T int32"


def test_backends_differ_and_close_holds():
    verdict = TABLE.verdict("cpu", "Op", {"data_format": "NCHW"})
    assert (verdict.status, verdict.holds) == (Status.CLOSE, True)


def test_an_op_that_was_never_measured_does_not_hold():
    assert not TABLE.verdict("wasm", "Other", {}).holds


def test_the_tfjs_of_the_lock_is_the_one_that_was_measured():
    assert conformance("tfjs").versions["tfjs"] == tfjs_operations().version


def test_the_onnxruntime_of_the_lock_is_the_one_that_was_measured():
    newest = max(pins_of("onnxruntime"), key=lambda text: [*map(int, re.findall(r"\d+", text))])
    assert conformance("onnx").versions["onnxruntime"] == newest


def test_measured_operations_hold_in_every_backend_unless_a_fault_says_so():
    table = conformance("tfjs")
    assert set(table.backends) == {"wasm", "cpu", "webgl", "webgpu"}
    usual = {"T": "float32", "rank of features": "4", "features": "computed", "output": "0"}
    assert all(table.verdict(backend, "Relu", usual).holds for backend in table.backends)
    assert not table.verdict("wasm", "OneHot", dict.fromkeys(table.ops["OneHot"].values)).holds
