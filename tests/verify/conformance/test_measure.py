import pytest
from support.chromium import needs_chromium

from dlconv.convert.conformance.table import Status, conformance
from dlconv.verify.conformance.measure import measure
from dlconv.verify.conformance.targets import TARGETS

OPS = ["Softsign", "OneHot", "Relu6"]


def measured(work, target="tfjs", backends=("wasm",), ops=OPS):
    others = {op: entry for op, entry in conformance(target).ops.items() if op not in ops}
    return measure(TARGETS[target], backends, ops, work, others, lambda *_: None)


@pytest.fixture(scope="module")
def journals(tmp_path_factory):
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(scope="module")
def found(journals):
    return measured(journals)


def test_it_finds_again_what_the_package_says(found):
    ours, theirs = found.table.ops, conformance("tfjs").ops
    for op in OPS:
        assert ours[op].cases == theirs[op].cases
        assert ours[op].values == theirs[op].values
        assert ours[op].faults.get("wasm") == theirs[op].faults.get("wasm")


def test_what_is_wrong_or_lacking_is_lowered_and_then_equal(found):
    assert found.before["wasm"][Status.WRONG] > 10
    assert found.before["wasm"][Status.REFUSED] > 10
    assert found.reachable == ()
    assert found.after["wasm"][Status.EQUAL] == found.before["wasm"].total()


def test_an_interrupted_measurement_goes_on_where_it_was(found, journals, monkeypatch):
    lines = (journals / "wasm.jsonl").read_text().splitlines()
    (journals / "wasm.jsonl").write_text("\n".join([*lines[:-3], lines[-3][:10], ""]))
    again = measured(journals)
    assert again.table == found.table
    assert len((journals / "wasm.jsonl").read_text().splitlines()) == len(lines) + 1
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DLCONV_NODE", "/nowhere")
    assert measured(journals).table == found.table


def test_onnx_runtime_is_measured_the_same_way(tmp_path):
    result = measured(tmp_path, "onnx", ("onnxruntime",), ["Softsign"])
    assert set(result.after["onnxruntime"]) == {Status.EQUAL}


@needs_chromium
def test_litert_is_measured_in_a_page_too_where_it_takes_fewer_types(tmp_path):
    result = measured(tmp_path, "litert", ("xnnpack", "litert-web"), ["Relu6"])
    natively, in_the_page = result.after["xnnpack"], result.after["litert-web"]
    assert {*natively, *in_the_page} == {Status.EQUAL, Status.REFUSED}
    assert natively[Status.EQUAL] > in_the_page[Status.EQUAL] > 0
