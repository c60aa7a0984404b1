"""A cache of its own for each test, a server that misbehaves on demand, and tarballs to fetch."""

import contextlib
import gzip
import io
import random
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.graphs import graph_of

from dlconv.net.patience import Patience
from dlconv.registry.models import Model, load_registry

Reply = Callable[[BaseHTTPRequestHandler], None]


class MisbehavingServer:
    """Gives one scripted reply per request; the last one is repeated. Remembers the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._replies: list[Reply] = []
        self.closing = threading.Event()
        self._guard = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with server._guard:
                    server.requests.append(dict(self.headers))
                    server.paths.append(self.path)
                    replies = server._replies
                    reply = replies.pop(0) if len(replies) > 1 else replies[0]
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    reply(self)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{self.host}/models/net.tar.gz"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def answers(self, *replies: Reply) -> None:
        self._replies[:] = replies
        self.requests.clear()
        self.paths.clear()

    def ranges(self) -> list[str | None]:
        """The Range header of each request so far."""
        return [request.get("Range") for request in self.requests]

    # Replies.

    def honest(self, body: bytes, etag: str | None = '"1"', date: str | None = None) -> Reply:
        """Serves the body, honours Range, and If-Range as long as the validator is the same."""

        def reply(request: BaseHTTPRequestHandler) -> None:
            start = _start(request)
            condition = request.headers.get("If-Range")
            if start is None or (condition is not None and condition not in (etag, date)):
                return _send(request, 200, body, etag, date)
            if start >= len(body):
                return _send(request, 416, b"", etag, date)
            where = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return _send(request, 206, body[start:], etag, date, {"Content-Range": where})

        return reply

    def stops_after(self, count: int, body: bytes, etag: str | None = '"1"') -> Reply:
        """Announces the whole body, sends ``count`` bytes of it and closes the connection."""
        return lambda request: _send(request, 200, body, etag, None, send=count)

    def stalls_after(self, count: int, body: bytes, etag: str | None = '"1"') -> Reply:
        """Announces the whole body, sends ``count`` bytes of it and then nothing."""

        def reply(request: BaseHTTPRequestHandler) -> None:
            _send(request, 200, body, etag, None, send=count)
            request.wfile.flush()
            self.closing.wait(20)

        return reply

    def pauses(self, body: bytes, until: threading.Event) -> Reply:
        """Serves the body, and waits in the middle of it."""

        def reply(request: BaseHTTPRequestHandler) -> None:
            half = len(body) // 2
            _send(request, 200, body, '"1"', None, send=half)
            request.wfile.flush()
            until.wait(20)
            request.wfile.write(body[half:])

        return reply

    def ignores_range(self, body: bytes, etag: str | None = '"1"') -> Reply:
        return lambda request: _send(request, 200, body, etag, None)

    def wrong_range(self, body: bytes, start: int, etag: str | None = '"1"') -> Reply:
        where = f"bytes {start}-{len(body) - 1}/{len(body)}"
        headers = {"Content-Range": where}
        return lambda request: _send(request, 206, body[start:], etag, None, headers)

    def status(self, code: int, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda request: _send(request, code, b"sorry", None, None, named)

    def unsized(self, body: bytes) -> Reply:
        """Serves the body without announcing its size."""

        def reply(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.end_headers()
            request.wfile.write(body)

        return reply

    def redirect(self, location: str) -> Reply:
        return self.status(302, Location=location)


def _start(request: BaseHTTPRequestHandler) -> int | None:
    value = request.headers.get("Range")
    return int(value.removeprefix("bytes=").removesuffix("-")) if value else None


def _send(
    request: BaseHTTPRequestHandler,
    code: int,
    body: bytes,
    etag: str | None,
    date: str | None,
    headers: dict[str, str] | None = None,
    send: int | None = None,
) -> None:
    request.send_response_only(code)
    named = {"ETag": etag, "Last-Modified": date, "Content-Length": str(len(body))}
    for name, value in {**named, **(headers or {})}.items():
        if value is not None:
            request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body if send is None else body[:send])


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    server = MisbehavingServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and no lock file; no proxy stands between the tests and their servers."""
    monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DLCONV_LOCK", str(tmp_path / "dlconv.lock"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


@pytest.fixture
def body() -> bytes:
    """200,000 bytes that no compression and no coincidence makes equal to others."""
    return random.Random(1).randbytes(200_000)


@pytest.fixture
def patience() -> Patience:
    """Less than the default, so that tests are fast."""
    return Patience(2.0, 2.0, tries=4, first_wait_seconds=0.01, longest_wait_seconds=0.05)


@pytest.fixture
def tarball_of() -> Callable[..., bytes]:
    """Make a gzipped tarball of (name, content) pairs or TarInfos."""

    def make(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for member in members:
                info, content = (
                    (member, b"")
                    if isinstance(member, tarfile.TarInfo)
                    else (tarfile.TarInfo(member[0]), member[1])
                )
                if content:
                    info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return gzip.compress(buffer.getvalue(), 1, mtime=0)

    return make


@pytest.fixture
def graph() -> bytes:
    return graph_of(random.Random(2).randbytes(150_000))


@pytest.fixture
def tarball(tarball_of: Callable[..., bytes], graph: bytes) -> bytes:
    return tarball_of(("net/frozen_inference_graph.pb", graph), ("net/model.ckpt.index", b"x" * 99))


@pytest.fixture
def model_of() -> Callable[..., Model]:
    """Make a model from what matters to a test."""
    dataset = load_registry().datasets["voc"]

    def make(url: str, name: str = "net", **known: object) -> Model:
        return Model(name, url, dataset, (513, 513), "Apache-2.0", **known)  # type: ignore[arg-type]

    return make
