"""Serves a site on loopback, to this machine only.

The page is isolated (COOP and COEP), which gives wasm its threads, and its policy lets it speak to
no other host. A browser caches files and asks each time whether they have changed.
"""

import contextlib
import hashlib
import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from dlconv.demo.site import INDEX, Site
from dlconv.errors import DlconvError
from dlconv.serving import HOST

ANY_PORT = 0
# How long a connection may keep a thread waiting for its next request.
IDLE_SECONDS = 60.0
PIECE_BYTES = 1 << 16
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@contextmanager
def served(site: Site, port: int = ANY_PORT) -> Iterator[str]:
    """Serve a site while the block runs; yield its address.

    Raises DlconvError when nothing can be served at the port.
    """
    with listening(port) as server, server.serving(site) as address:
        yield address


@contextmanager
def listening(port: int = ANY_PORT) -> "Iterator[Server]":
    """Take a port, and yield a server without a site; requests wait until it has one.

    Raises DlconvError when nothing can be served at the port.
    """
    try:
        server = Server(port)
    except OSError as error:
        raise DlconvError(
            f"nothing can be served at port {port}: {error.strerror}",
            "another port may be free",
            code="port-taken",
        ) from error
    with server:
        yield server


class Server(http.server.ThreadingHTTPServer):
    """Serves one site, once there is one."""

    def __init__(self, port: int) -> None:
        self.files: Mapping[str, Path | bytes] = {}
        super().__init__((HOST, port), _Handler)

    @contextmanager
    def serving(self, site: Site) -> Iterator[str]:
        """Serve a site while the block runs; yield its address."""
        self.files = site.files
        threading.Thread(target=self.serve_forever, daemon=True).start()
        try:
            yield f"http://{HOST}:{self.server_port}/"
        finally:
            self.shutdown()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the files of a site, and with nothing else."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: Server

    def do_GET(self) -> None:
        """Answer with a file, or that the browser's own copy is still right."""
        url = unquote(_split(self.path).path).removeprefix("/") or INDEX
        found = self.server.files.get(url)
        if found is None or not self._is_asked_for_here():
            return self._answer(HTTPStatus.NOT_FOUND, b"not found", {"Content-Type": TYPES[".txt"]})
        try:
            content = found if isinstance(found, bytes) else found.read_bytes()
        except OSError:
            return self._answer(HTTPStatus.NOT_FOUND, b"gone", {"Content-Type": TYPES[".txt"]})
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        if self.headers["If-None-Match"] == tag:
            return self._answer(HTTPStatus.NOT_MODIFIED, b"", {"ETag": tag})
        kind = TYPES.get(Path(url).suffix, "application/octet-stream")
        self._answer(HTTPStatus.OK, content, {"Content-Type": kind, "ETag": tag})

    def do_HEAD(self) -> None:
        """Answer as to GET, without the content."""
        self.do_GET()

    def _is_asked_for_here(self) -> bool:
        """Return whether a request names this machine as host, not another name that leads here."""
        return _split(f"//{self.headers['Host']}").hostname in (HOST, "localhost")

    def _answer(self, status: HTTPStatus, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            # The time-out is for each piece, so that a slow client gets the whole file.
            for at in range(0, len(content), PIECE_BYTES):
                self.wfile.write(content[at : at + PIECE_BYTES])

    def handle(self) -> None:
        """Answer requests until the browser is gone."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def _split(url: str) -> SplitResult:
    """Split the requested URL; an invalid one names no file of the site."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("//nowhere/nothing")
