"""The process of a step, by itself."""

import time

import pytest
from support.waiting import SECONDS

from dlconv.convert.targets.tfjs import write
from dlconv.plan.process import StepProcess
from dlconv.plan.tasks import do

PIPE_BYTES = 65536


@pytest.mark.slow
def test_a_step_that_makes_hundreds_of_files_ends_though_its_answer_fills_a_pipe(
    project, monkeypatch
):
    monkeypatch.setattr(write, "SHARD_BYTES", 1000)
    text = '[models.sample]\ntargets = ["tfjs"]\nphotos = ["photos"]\n'
    project.says(f'{text}[release]\nversion = "1.0"\n')
    *earlier, pack = [step.task for step in project.steps]
    for task in earlier:
        do(task)
    process = StepProcess(pack, project.folder / "pack.log", {})
    end = time.monotonic() + SECONDS
    while not process.has_ended and time.monotonic() < end:
        time.sleep(0.1)
    assert process.has_ended
    files = process.answer().done.files
    assert sum(len(f"{path}{digest}") for path, digest in files.items()) > PIPE_BYTES
