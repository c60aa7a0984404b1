"""Publishing to a URL of fsspec: in memory, and to an S3 server."""

from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from moto.server import ThreadedMotoServer
from support.publishing import files_below, kill_publish, run_publish

from dlconv.errors import DlconvError
from dlconv.release.publish.publish import publish

SECRETS = ("not-a-key-id-of-anyone", "not-a-secret-of-anyone", "not-a-session-of-anyone")


@pytest.fixture
def memory():
    """A file system in memory, empty."""
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server):
    """An S3 server with a bucket ``models``, and the environment of who may write there."""
    key_id, key, session = SECRETS
    environment = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": key,
        "AWS_SESSION_TOKEN": session,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        files.mkdir("models")
        yield files
        files.rm("models", recursive=True)


def below(files, place: str) -> dict[str, bytes]:
    """The files below a place by their paths from there."""
    found = files.find(place)
    return {path.partition(f"{place}/")[2]: files.cat_file(path) for path in found}


def test_a_release_lies_below_a_url(packed, memory):
    done = publish(packed, "memory://some/models/")
    assert done.place == "memory://some/models/sample/1.2.0"
    assert below(memory, "/some/models/sample/1.2.0") == files_below(packed)
    assert publish(packed, "memory://some/models").state == "already published"


def test_release_json_is_sent_last_so_a_failure_shows_nothing(packed, other, memory):
    def fail(what, done, total):
        if done == total - 1:
            assert what == "release.json"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(packed, "memory://models", progress=fail)
    left = below(memory, "/models/sample/1.2.0")
    assert {"release.json"} == {*files_below(packed)} - {*left}
    assert publish(other, "memory://models").state == "published"
    assert below(memory, "/models/sample/1.2.0") == files_below(other)


def test_of_two_machines_the_last_to_begin_publishes(packed, other, memory, tmp_path, monkeypatch):
    def begin_another(what, done, total):
        if done == 3:
            monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "another"))
            assert publish(other, "memory://models").state == "published"

    with pytest.raises(DlconvError, match="another publish has begun since"):
        publish(packed, "memory://models", progress=begin_another)
    assert below(memory, "/models/sample/1.2.0") == files_below(other)
    assert below(memory, "/models/sample").keys() == {
        f"1.2.0/{path}" for path in files_below(other)
    }


def test_what_is_not_there_as_it_was_sent_gets_no_release_json(packed, memory):
    def damage(what, done, total):
        if what == "release.json":
            memory.pipe_file("/models/sample/1.2.0/README.md", b"another's")

    with pytest.raises(DlconvError, match=r"README\.md is not there as it was sent"):
        publish(packed, "memory://models", progress=damage)
    assert "release.json" not in below(memory, "/models/sample/1.2.0")


@pytest.mark.parametrize("content", [b"[" * 200_000, b"\xff", b"{"])
def test_a_release_json_that_is_no_json_is_none(packed, memory, content):
    memory.pipe_file("/models/sample/1.2.0/release.json", content)
    assert publish(packed, "memory://models").state == "published"


def test_a_release_json_cut_short_is_none(packed, memory):
    publish(packed, "memory://models")
    whole = memory.cat_file("/models/sample/1.2.0/release.json")
    memory.pipe_file("/models/sample/1.2.0/release.json", whole[: len(whole) // 2])
    assert publish(packed, "memory://models").state == "published"
    assert below(memory, "/models/sample/1.2.0") == files_below(packed)


def test_s3(packed, other, later, s3):
    assert publish(packed, "s3://models/dir").place == "s3://models/dir/sample/1.2.0"
    assert publish(packed, "s3://models/dir").state == "already published"
    with pytest.raises(DlconvError, match="is another release already"):
        publish(other, "s3://models/dir")
    kill_publish(later, "s3://models/dir", sent=2)
    assert below(s3, "models/dir/sample/1.2.0") == files_below(packed)
    assert len(below(s3, "models/dir/sample/1.3.0")) == 2
    assert publish(later, "s3://models/dir").state == "published"
    assert below(s3, "models/dir/sample/1.3.0") == files_below(later)


def test_what_is_logged_and_printed_shows_no_secret(packed, s3):
    answer = run_publish(packed, "s3://models/verbose", "--verbose")
    assert answer.returncode == 0, answer.stderr[-1000:]
    assert "X-Amz-Security-Token" in answer.stderr
    for secret in SECRETS:
        assert secret not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://nobodys/dir", "bucket does not exist"),
        ("unheard-of://models", "Protocol not known: unheard-of"),
    ],
)
def test_places_that_are_not_there(packed, s3, url, said):
    with pytest.raises(DlconvError, match=f"{url}: .*{said}"):
        publish(packed, url)


def test_a_server_that_is_not_there(packed, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    answer = run_publish(packed, "s3://models")
    assert answer.returncode == 1
    assert "127.0.0.1:9" in answer.stderr.splitlines()[-1]


def test_no_credentials(packed, s3, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    answer = run_publish(
        packed, "s3://models/none", HOME=str(tmp_path), AWS_EC2_METADATA_DISABLED="true"
    )
    assert answer.returncode == 1
    assert "put credentials that may write there" in answer.stderr.splitlines()[-1]


def test_a_storage_s_library_that_is_not_installed_is_named(packed, tmp_path):
    (tmp_path / "s3fs.py").write_text("raise ImportError('No module named s3fs')")
    answer = run_publish(packed, "s3://models", PYTHONPATH=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == "error: s3://models: Install s3fs to access S3"


class WithFolders(MemoryFileSystem):
    """A storage in which a file needs a folder, as FTP and Hadoop have them."""

    protocol = "withfolders"
    store: ClassVar = {}
    pseudo_dirs: ClassVar = [""]

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("withfolders://"))

    def pipe_file(self, path, value, **options):
        if not self.exists(self._parent(path)):
            raise FileNotFoundError(path)
        super().pipe_file(path, value, **options)


def test_the_first_release_of_a_model_makes_its_folder(packed):
    fsspec.register_implementation("withfolders", WithFolders, clobber=True)
    fsspec.filesystem("withfolders").mkdir("/models")
    assert publish(packed, "withfolders:///models").state == "published"
    files = fsspec.filesystem("withfolders")
    assert below(files, "/models/sample/1.2.0") == files_below(packed)
