import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from support.artifacts import tfjs_artifact
from support.processes import hear_ctrl_c, still_running
from support.waiting import SECONDS
from typer.testing import CliRunner

from dlconv.cli import app
from dlconv.errors import DlconvError
from dlconv.floors import Floors
from dlconv.verify import workers as workers_module
from dlconv.verify.check import Job
from dlconv.verify.check_artifact import check_artifact
from dlconv.verify.journal import open_journal
from dlconv.verify.photos import PhotoError
from dlconv.verify.workers import WorkerLostError, check_part, dask_cluster, processes


@pytest.fixture
def job(tiny, tmp_path):
    artifact = tfjs_artifact(tiny, tmp_path / "artifact")
    return Job(artifact, "tfjs-node:wasm", tiny.path, tmp_path / "labels")


def confusions(checked):
    return {photo.name: row.confusion for photo, row in checked}


def test_processes_check_every_photo_once(job, three_photos):
    with processes(2) as workers:
        found = list(workers.check(job, three_photos))
    assert len(found) == 3
    assert confusions(found) == confusions(check_part(job, three_photos))
    assert multiprocessing.active_children() == []


def test_what_a_photo_raises_comes_through(job, three_photos):
    three_photos[1].path.write_bytes(b"broken")
    with processes(2) as workers, pytest.raises(PhotoError, match=r"cannot read the photo .*one"):
        list(workers.check(job, three_photos))


def test_a_process_that_is_killed_is_an_error_and_not_a_wait(job, three_photos):
    lost = pytest.raises(DlconvError, match="a worker was lost.*resume")
    with lost, processes(2) as workers:
        victim = workers.executor.submit(os.getpid).result()
        threading.Timer(0.2, os.kill, (victim, signal.SIGKILL)).start()
        list(workers.check(job, three_photos * 50))
    assert not still_running([process.pid for process in multiprocessing.active_children()])


PARENT = """
import os
import time

from dlconv.verify.workers import processes

if __name__ == "__main__":
    with processes(1) as workers:
        print(workers.executor.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def test_processes_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as parent:
        worker = int(parent.stdout.readline())
        assert still_running([worker], seconds=0)
        parent.kill()
    assert not still_running([worker])


@pytest.mark.slow
def test_a_dask_cluster_finds_what_one_process_finds(job, three_photos):
    from distributed import LocalCluster

    alone = confusions(check_part(job, three_photos))
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as cluster,
        dask_cluster(cluster.scheduler_address) as workers,
    ):
        assert workers.count == 2
        assert confusions(workers.check(job, three_photos)) == alone
        three_photos[1].path.write_bytes(b"broken")
        with pytest.raises(PhotoError, match="cannot read the photo"):
            list(workers.check(job, three_photos))


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense://"])
def test_a_cluster_that_is_not_there_is_one_line(address, monkeypatch):
    monkeypatch.setattr(workers_module, "CONNECT_SECONDS", 1)
    refused = pytest.raises(DlconvError, match=f"no Dask scheduler answers at {address}")
    with refused, dask_cluster(address):
        pass


@pytest.mark.slow
def test_a_run_that_is_interrupted_goes_on_with_the_photos_that_are_left(job, tmp_path):
    """A list of photos, two processes, Ctrl-C as soon as a first part is done, and --resume."""
    names = [f"{number:03}.png" for number in range(100)]
    for number, name in enumerate(names):
        colour = (255 - number, number, 0)
        Image.new("RGB", (40, 30), colour).save(tmp_path / name)
    (tmp_path / "list.txt").write_text("\n".join(names))
    call = [sys.executable, "-m", "dlconv", "verify", str(job.artifact.directory), "--json"]
    call += ["--dataset", str(tmp_path / "list.txt"), "--workers", "2"]
    call += ["--reference", str(job.graph_path), "--floor-agreement", "0.9"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(call, preexec_fn=hear_ctrl_c, **pipes) as process:
        journal = Path(os.environ["DLCONV_CACHE"]) / "verify.sqlite"
        while not kept(journal):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith("error: interrupted (hint: what is done is kept")
    done = kept(journal)
    assert 0 < done < 100
    resumed = subprocess.run([*call, "--resume"], capture_output=True, text=True, timeout=120)
    assert f": {done} of 100 photos" in resumed.stderr
    (result,) = json.loads(resumed.stdout)["results"]
    assert [photo["photo"] for photo in result["photos"]] == names
    assert result["pixels"] == 100 * 40 * 30
    assert kept(journal) == 0


@pytest.mark.slow
def test_what_is_done_is_kept_when_a_worker_is_lost(job, three_photos, tmp_path):
    photos = [replace(three_photos[0], sha256=f"{number:064}") for number in range(90)]
    path = tmp_path / "journal"
    floors = Floors(agreement=0.9, worst=None, miou=None)

    def check_all(workers, journal, progress):
        return check_artifact(
            job.artifact,
            job.graph_path,
            photos,
            job.cache,
            floors,
            workers=workers,
            journal=journal,
            progress=progress,
        )

    with processes(2) as workers, open_journal(path, resume=False) as journal:
        victim = workers.executor.submit(os.getpid).result()

        def kill_one(done, total):
            if done == 20:
                os.kill(victim, signal.SIGKILL)

        with pytest.raises(WorkerLostError, match="resume"):
            check_all(workers, journal, kill_one)
        journal.close()
    assert kept(path) >= 20


def kept(journal):
    if not journal.exists():
        return 0
    with closing(sqlite3.connect(journal)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM photos").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def test_processes_and_a_cluster_exclude_each_other():
    called = CliRunner().invoke(app, ["verify", "--workers", "2", "--dask", "127.0.0.1:9"])
    assert called.exit_code == 2
    assert called.stderr == "error: --workers and --dask exclude each other\n"
