"""Builds on bad days: killed, without room, without rights, with a server that hangs up.

Whatever happens, what is found below artifacts/ and release/ is whole, and a plain build later has
everything.
"""

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest
from support.flaky import flaky_server
from support.processes import descendants, still_running
from support.project import TFJS
from support.sample import TARBALL

from dlconv.artifacts.manifest import find_artifacts
from dlconv.cache import store
from dlconv.plan.display import Lines
from dlconv.plan.result import Status
from dlconv.plan.run import Builder, Limits
from dlconv.plan.state import State

NET = """
[models.{name}]
url = "{url}/{name}.tar.gz"
dataset = "shapes"
crop = [129, 129]
photos = "package:sample/photos"
"""
SET_BACK = """
import time

seconds, nanoseconds = time.time, time.time_ns
time.time = lambda: seconds() - 1e9
time.time_ns = lambda: nanoseconds() - 10**18
"""


@pytest.fixture
def served(project, monkeypatch):
    """Let a server have models of these names, and the registry know them."""

    @contextlib.contextmanager
    def serve(*names, **faults):
        with flaky_server(TARBALL.read_bytes(), **faults) as server:
            registry = project.folder / "registry.toml"
            entries = (NET.format(name=name, url=server.url) for name in names)
            registry.write_text("".join(entries))
            monkeypatch.setenv("DLCONV_REGISTRY", str(registry))
            monkeypatch.setenv("NO_PROXY", "*")
            yield server, registry

    return serve


@pytest.fixture
def mounted():
    """Mount something, where this machine lets us."""
    with contextlib.ExitStack() as stack:

        def mount(place, *arguments):
            place.mkdir(parents=True, exist_ok=True)
            command = ["mount", *arguments, str(place)]
            if subprocess.run(command, capture_output=True).returncode:
                pytest.skip("mounting is not allowed here")
            stack.callback(subprocess.run, ["umount", str(place)], check=True)

        yield mount


@pytest.fixture
def set_back(tmp_path):
    """The environment of a Python whose clock is years behind."""
    (tmp_path / "sitecustomize.py").write_text(SET_BACK)
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-c", "import time; print(time.time())"]
    said = subprocess.check_output(command, env={**os.environ, **environment})
    assert float(said) < 1e9 < time.time()
    return environment


def check_whole(project):
    """Everything that a person or a later step would pick up is complete."""
    for artifact in find_artifacts(project.folder / "artifacts"):
        artifact.check_files()
    for sums in (project.folder / "release").glob("*/SHA256SUMS"):
        subprocess.run(["sha256sum", "--check", "--quiet", sums.name], cwd=sums.parent, check=True)


@pytest.mark.slow
def test_a_server_that_resets_every_third_connection_is_tried_again(project, served):
    names = [f"net{number}" for number in range(6)]
    with served(*names, reset_every=3) as (server, registry):
        project.says("".join(f"[models.{name}]\n" for name in names))
        steps = [step for step in project.steps_with(registry) if step.task.kind == "fetch"]
        results = Builder(steps, State(project.folder), Limits(), Lines()).run()
    assert [result.status for result in results] == [Status.DONE] * 6
    assert server.resets >= 2


@pytest.mark.long
def test_a_full_disk_for_artifacts_is_told_and_forgotten_when_there_is_room(project, mounted):
    project.says(TFJS + 'precisions = ["float32", "float16"]\n')
    mounted(project.folder / "artifacts", "-t", "tmpfs", "-o", "size=16k", "none")
    answer = project.build()
    assert answer.returncode == 1
    assert "disk full" in answer.stderr
    assert "Traceback" not in answer.stderr
    check_whole(project)
    subprocess.run(["mount", "-o", "remount,size=9m", project.folder / "artifacts"], check=True)
    assert project.build().returncode == 0


def test_a_full_disk_for_the_cache_is_told(served, project, mounted, tmp_path, monkeypatch):
    mounted(tmp_path / "full", "-t", "tmpfs", "-o", "size=300k", "none")
    monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "full"))
    with served("net"):
        answer = project.says("[models.net]\n").build()
    assert answer.returncode == 1
    assert "failed: fetch net: disk full" in answer.stderr
    assert "DLCONV_CACHE" in answer.stderr


def test_a_limit_on_the_size_of_files_is_told(project):
    project.says("[models.sample]\n")
    limit = 400_000
    answer = subprocess.run(
        project.command(),
        cwd=project.folder,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert answer.returncode == 1
    assert "File too large" in answer.stderr
    assert "Traceback" not in answer.stderr
    check_whole(project)


@pytest.mark.long
def test_a_read_only_cache_serves_what_it_has_and_nothing_is_put_into_it(project, mounted):
    cache = store.cache_root()
    mounted(cache, "--bind", str(cache))
    read_only = ["mount", "-o", "remount,bind,ro", str(cache)]
    subprocess.run(read_only, check=True)
    answer = project.build()
    assert answer.returncode == 1
    assert "Read-only file system" in answer.stderr
    assert "DLCONV_CACHE" in answer.stderr

    subprocess.run(["mount", "-o", "remount,bind,rw", str(cache)], check=True)
    assert project.build().returncode == 0
    subprocess.run(read_only, check=True)
    for path in project.folder.glob("artifacts/tiny/*"):
        path.rename(project.folder / path.name)
    assert project.build().returncode == 0


@pytest.mark.long
def test_a_clock_that_was_set_back_and_files_from_the_future_change_nothing(project, set_back):
    project.says(TFJS)
    assert project.build().returncode == 0
    for path in [*project.folder.rglob("*"), *store.cache_root().rglob("*")]:
        os.utime(path, (4e9, 4e9))
    assert set(project.results(**set_back).values()) == {"skipped"}
    (project.folder / "photos" / "1.png").unlink()
    assert project.results(**set_back)["tiny/tfjs-float32/verify"] == "done"


@pytest.mark.long(seconds=60)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [12, pytest.param(50, marks=pytest.mark.weekly)])
def test_kills_at_random_moments_leave_nothing_broken(project, served, kills):
    random_ = random.Random(7)
    text = '[models.net]\ntargets = ["tfjs"]\n[release]\nversion = "1"\n'
    with served("net", seconds=0.3):
        project.says(text)
        assert project.build().returncode == 0
        files = project.files_made
        started = time.monotonic()
        _forget(project)
        assert project.build().returncode == 0
        seconds = time.monotonic() - started
        for number in range(kills):
            anew, moment = random_.random() < 0.8, random_.uniform(0, seconds)
            while not _is_killed(project, random_, moment, anew):
                moment /= 2
            check_whole(project)
            if number % 4 == 3:
                assert project.build().returncode == 0
        assert project.build().returncode == 0
        assert project.files_made == files
        assert set(project.results().values()) == {"skipped"}
    left = [*project.folder.rglob(".*"), *(store.cache_root() / "downloads").rglob(".*")]
    assert [path.name for path in left] == [".build"]


def _forget(project):
    """Remove all that was made but the reference's labels, which take long."""
    for name in ("artifacts", "release"):
        subprocess.run(["rm", "-rf", project.folder / name], check=True)
    for name in ("graphs", "models"):
        subprocess.run(["rm", "-rf", store.cache_root() / name], check=True)


def _is_killed(project, random_, moment, anew):
    """Kill a build, or a process of one of its steps, unless it has ended; return whether that hit.

    ``moment`` is when, in seconds; ``anew`` is for a build that has to make everything again.
    """
    if anew:
        _forget(project)
    process = subprocess.Popen(
        project.command(), cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(moment)
    below = descendants(process.pid)
    victim = random_.choice([process.pid, *below[-1:]])
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    assert process.wait(60) in (0, 1, -signal.SIGKILL)
    assert still_running(below) == []
    return process.returncode != 0
