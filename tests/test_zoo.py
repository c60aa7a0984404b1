"""The families of the model zoo through dlconv: a few in each run, all of them once a week."""

import pytest
from support.zoo.measure import INSPECTED, STEPS, measure
from support.zoo.rows import ROWS, row

QUICK = {
    "mobilenetv2_dm05_voc_2018": (*INSPECTED, "tfjs", "litert"),
    "xception71_dpc_cityscapes_2018": INSPECTED,
    "mobilenetv2_8bit_voc_2019": (*INSPECTED[1:], "tfjs 8 bits"),
}


# What stands for the crop on several scales is not found yet, so another size is refused.
REFUSED = {"mobilenetv2_multiscale_flip_2018": {"tfjs sized", "onnx sized", "litert sized"}}


def assert_all_is_well(name, steps, folder):
    found = {}
    measure(row(name), folder, found.__setitem__, steps)
    failed = {step: came.reason for step, came in found.items() if not came.ok}
    assert failed.keys() == REFUSED.get(name, set()) & {*steps}
    assert all("fix the input at the crop" in reason for reason in failed.values())
    assert found.keys() >= {*steps}


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_family_is_understood_and_converted(name, tmp_path):
    assert_all_is_well(name, QUICK[name], tmp_path)


@pytest.mark.weekly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", [each.name for each in ROWS])
def test_every_family_passes_all_steps(name, tmp_path):
    assert_all_is_well(name, STEPS, tmp_path)
