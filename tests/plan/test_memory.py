"""How much memory steps are given."""

import os

from support.project import TINY

from dlconv.plan.memory import memory_for_steps, memory_of
from dlconv.plan.state import Record
from dlconv.plan.tasks import Convert


def test_what_was_measured_counts_more_than_the_estimate(project):
    step = project.steps[1]
    assert memory_of(step, Record({}, {}, 0, None, memory=12345)) == 12345


def test_an_estimate_grows_with_what_a_conversion_has_to_start(project):
    text = f'{TINY}precisions = ["float32", "uint8", "static"]\n'
    steps = [step for step in project.says(text).steps if isinstance(step.task, Convert)]
    needed = {step.artifact: memory_of(step, None) for step in steps}
    assert needed["tfjs-float32"] < needed["onnx-float32"] < needed["onnx-int8-static"]
    assert needed["tfjs-uint8"] == needed["onnx-int8"] == needed["onnx-float32"]


def test_an_estimate_grows_with_the_graph(project):
    step = project.steps[1]
    small = memory_of(step, None)
    with (project.folder / "tiny.pb").open("ab") as file:
        file.truncate(100 << 20)
    assert memory_of(step, None) > small + (500 << 20)


def test_steps_get_a_share_of_the_machine():
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < memory_for_steps() <= 0.75 * machine
