"""Steps in processes of their own: side by side, once, past failures, until Ctrl-C."""

import json
import signal
import subprocess
import time

import pytest
from PIL import Image
from support.keys import write_keys
from support.processes import descendants, hear_ctrl_c, still_running
from support.project import TFJS, TINY

from dlconv.plan.display import Lines
from dlconv.plan.result import Status
from dlconv.plan.run import Builder, Limits, preview
from dlconv.plan.state import State
from dlconv.release.document import SIGNATURE_NAME
from dlconv.release.signing import PrivateKey, sign_release
from dlconv.storage.files import digest_of
from dlconv.storage.sealed import read_sealed, write_sealed

# No step of these needs TensorFlow.
SIZES = TFJS + 'precisions = ["float32", "float16", "uint16"]\n'
WITHOUT_VERIFY = ("fetch", "convert")


class Recorder(Lines):
    """Remembers how many steps ran at once."""

    def __init__(self):
        super().__init__()
        self.running, self.most, self.started = 0, 0, []

    def starts(self, step, reason):
        self.started.append(step.name)
        self.running += 1
        self.most = max(self.most, self.running)

    def ends(self, result, log):
        self.running -= result.seconds is not None


def run(project, limits=None):
    steps = [step for step in project.steps if step.task.kind in WITHOUT_VERIFY]
    recorder = Recorder()
    results = Builder(steps, State(project.folder), limits or Limits(), recorder).run()
    return {result.step.name: result for result in results}, recorder


def test_what_is_made_is_skipped_the_next_time_and_what_changed_is_made_again(project):
    first, _ = run(project.says(SIZES))
    assert {result.status for result in first.values()} == {Status.DONE}
    files = project.files_made
    second, recorder = run(project)
    assert {result.status for result in second.values()} == {Status.SKIPPED}
    assert recorder.started == []
    convert = "tiny/tfjs-float16/convert"
    assert second[convert].bytes == first[convert].bytes
    (project.folder / "artifacts/tiny/tfjs-float16/model.json").write_text("{}")
    third, recorder = run(project)
    assert recorder.started == [convert]
    assert third[convert].status is Status.DONE
    assert project.files_made == files


@pytest.mark.slow
def test_no_more_steps_run_at_once_than_jobs_or_memory_allow(project):
    project.says(SIZES)
    for limits, most in ((Limits(jobs=1), 1), (Limits(jobs=3), 3), (Limits(jobs=3, memory=1), 1)):
        _, recorder = run(project, limits)
        assert recorder.most == most
        for path in (project.folder / "artifacts").rglob("model.json"):
            path.unlink()


def test_a_step_that_fails_stops_what_needs_it_and_nothing_else(project):
    project.says(f'{SIZES}[models.broken]\ngraph = "broken.pb"\n')
    (project.folder / "broken.pb").write_bytes(b"no graph at all")
    results, _ = run(project)
    assert results["broken/fetch"].status is Status.FAILED
    assert "broken.pb" in results["broken/fetch"].reason
    assert results["broken/tfjs-float32/convert"].status is Status.NOT_RUN
    assert results["broken/tfjs-float32/convert"].reason == "needs fetch broken"
    assert results["tiny/tfjs-uint16/convert"].status is Status.DONE


@pytest.mark.parametrize(
    ("keys", "step"),
    [
        ('graph = "{}"', "net/fetch"),
        ('graph = "tiny.pb"\nprecisions = ["uint8"]\ncalibrate = ["{}"]', "net/tfjs-uint8/convert"),
    ],
)
def test_a_path_that_cannot_be_read_fails_its_step_and_no_other(project, keys, step):
    long = "a" * 300
    project.says(f'{TFJS}[models.net]\ntargets = ["tfjs"]\n{keys.format(long)}\n')
    results, _ = run(project)
    assert results[step].status is Status.FAILED
    assert results[step].reason == f"cannot read {project.folder / long}: File name too long"
    assert results["tiny/tfjs-float32/convert"].status is Status.DONE


def test_a_process_that_dies_is_a_failure_that_says_so(project, monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    results, _ = run(project)
    assert results["tiny/fetch"].status is Status.FAILED
    assert "its process ended with exit code 1; its output is in" in results["tiny/fetch"].reason


def test_a_preview_says_what_a_run_does_and_why(project):
    state = State(project.folder)
    reasons = {each.step.name: each.reason for each in preview(project.steps, state)}
    assert reasons == {
        "tiny/fetch": "not in the cache",
        "tiny/tfjs-float32/convert": "after fetch tiny",
        "tiny/tfjs-float32/verify": "after convert tiny tfjs-float32",
    }
    assert not (project.folder / "artifacts").exists()
    run(project)
    reasons = {each.step.name: each.reason for each in preview(project.steps, state)}
    assert reasons == {
        "tiny/fetch": "",
        "tiny/tfjs-float32/convert": "",
        "tiny/tfjs-float32/verify": "not made yet",
    }


@pytest.mark.slow
def test_a_build_ends_with_a_release_unless_something_did_not_pass(project):
    text = f'{TINY}[release]\nversion = "1.0"\n'
    results = project.says(text).results()
    assert set(results.values()) == {"done"}
    release = project.folder / "release" / "tiny" / "release.json"
    assert json.loads(release.read_bytes())["name"] == "tiny"
    assert set(project.results().values()) == {"skipped"}

    project.says(text.replace("1.0", "1.1"))
    changed = [name for name, result in project.results().items() if result == "done"]
    assert changed == ["tiny/pack"]

    Image.new("RGB", (8, 6)).save(project.folder / "photos" / "0.png")
    (project.folder / "photos" / "1.png").unlink()
    summary = project.folder / "summary.md"
    answer = project.build(GITHUB_STEP_SUMMARY=str(summary))
    assert answer.returncode == 1
    assert (
        "failed: verify tiny tfjs-float32: tfjs float32 in tfjs-node wasm: the ref" in answer.stderr
    )
    assert "not run: pack tiny: needs verify tiny " in answer.stderr
    assert json.loads(release.read_bytes())["version"] == "1.1"
    assert "tfjs float32" in summary.read_text()


@pytest.mark.long
def test_a_release_that_is_signed_is_not_packed_again(project, tmp_path):
    project.says(f'{TFJS}[release]\nversion = "1.0"\n').results()
    folder = project.folder / "release" / "tiny"
    sign_release(folder, PrivateKey(write_keys(tmp_path / "keys").private))
    assert set(project.results().values()) == {"skipped"}
    assert (folder / SIGNATURE_NAME).is_file()


@pytest.mark.long
def test_made_twice_every_byte_is_the_same_and_one_that_is_not_is_named(project):
    project.says(TINY)
    answer = project.build("--twice")
    assert answer.returncode == 0, answer.stderr
    assert "all the same" in answer.stderr
    path = project.folder / "artifacts/tiny/tfjs-float32/manifest.json"
    record = project.folder / "artifacts/.build/tiny/tfjs-float32/convert.json"
    # As if an earlier build with the same inputs had given other bytes.
    old = path.read_bytes()
    path.write_bytes(old + b"\n")
    data = json.loads(read_sealed(record))
    data["files"]["artifacts/tiny/tfjs-float32/manifest.json"] = digest_of(path)
    write_sealed(record, json.dumps(data).encode())
    answer = project.build("--twice")
    assert answer.returncode == 1
    assert "tfjs-float32/manifest.json is not the same when it is made again" in answer.stderr


@pytest.mark.long
def test_twenty_builds_at_once_share_a_cache_and_make_each_artifact_once(project):
    running = [
        subprocess.Popen(
            project.command("--json"),
            cwd=project.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(20)
    ]
    answers = [json.loads(each.communicate()[0]) for each in running]
    assert [each.returncode for each in running] == [0] * 20
    steps = [(row["step"], row["artifact"], row["result"]) for each in answers for row in each]
    assert {result for *_, result in steps} == {"done", "skipped"}
    done = [step[:2] for step in steps if step[2] == "done"]
    assert len(done) == len(set(done)) == len(answers[0]) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_a_build_is_the_end_of_its_processes(project, number):
    project.says(TINY)
    process = subprocess.Popen(
        project.command("--jobs", "2"),
        cwd=project.folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    for line in process.stderr:
        if line.startswith("convert tiny onnx-float32"):
            break
    time.sleep(1)
    children = descendants(process.pid)
    assert children
    process.send_signal(number)
    said = process.stderr.read()
    assert process.wait(10) in (1, -number)
    assert number != signal.SIGINT or "error: interrupted" in said
    assert still_running(children) == []
