"""A page of Chromium that runs one artifact, and what the runtimes with one have in common.

The page, the bundle and the artifact come from a server on loopback. It sends the headers that
isolate a page (COOP and COEP), without which browsers give wasm no threads.
"""

import base64
import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes import Inference, answers
from dlconv.runtimes.answers import as_bytes, header_of, inference_from
from dlconv.runtimes.chromium import open_browser, process_ids
from dlconv.runtimes.session import SessionRuntime
from dlconv.web import DIST, bundled

LOAD_TIMEOUT_MS = 30_000
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".json": "application/json",
}


class Page:
    """A page with a bundled script and an artifact's folder, from when it is made until ``close``.

    ``description`` is the page's own, once the artifact is loaded; ``what`` names the artifact in
    errors. Making one and its methods raise DlconvError for what fails in the page, and when it
    does not answer in time.
    """

    def __init__(self, script: str, folder: Path, options: Mapping[str, Any], what: Path) -> None:
        self._what = what
        with ExitStack() as stack:
            browser = stack.enter_context(open_browser())
            address = stack.enter_context(_served(bundled(script).name, folder))
            with self._trouble():
                self._browser = browser
                self._page = browser.new_page()
                self._page.set_default_timeout(LOAD_TIMEOUT_MS)
                self._page.goto(address)
                self._page.wait_for_function("globalThis.dlconv")
            self.description = self._ask("options => dlconv.start(options)", options)
            self._stack = stack.pop_all()

    @property
    def process_ids(self) -> Sequence[int]:
        """All processes of the page's browser, which has no other page."""
        with self._trouble():
            return process_ids(self._browser)

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo to labels or scores."""
        return inference_from(*self.ask(header_of(image), as_bytes(image)))

    def ask(self, header: Mapping[str, Any], payload: bytes) -> tuple[Mapping[str, Any], bytes]:
        """Send a request to the page and return its answer."""
        infer = "([header, payload]) => dlconv.infer(header, payload)"
        answered = self._ask(infer, [header, base64.b64encode(payload).decode()])
        return answered["header"], base64.b64decode(answered["answer"])

    def close(self) -> None:
        """Close the browser and the server."""
        self._stack.close()

    def _ask(self, function: str, argument: object) -> Any:
        """Return the result of an async function in the page.

        ``Page.evaluate`` would wait without end. The limit here is enforced by Playwright's driver,
        whatever the page is busy with.
        """
        from playwright.sync_api import TimeoutError as Late

        limit_ms = answers.ANSWER_SECONDS * 1000
        with self._trouble():
            try:
                handle = self._page.wait_for_function(function, arg=argument, timeout=limit_ms)
            except Late as error:
                raise answers.no_answer("Chromium", self._what) from error
            answer = handle.json_value()
            handle.dispose()
        return answer

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Raise DlconvError, in a line, for what goes wrong in the browser."""
        from playwright.sync_api import Error

        try:
            yield
        except Error as error:
            message = error.message.splitlines()[0].removeprefix("Page.wait_for_function: ")
            raise DlconvError(f"cannot run {self._what}: {message}") from error


class PageRuntime(SessionRuntime[Page]):
    """Runs a file, or a folder, in a page with a bundled script.

    ``threads`` is how many wasm has; None leaves it to the script.
    """

    script: str

    def __init__(self, path: Path, backend: str = "wasm", threads: int | None = None) -> None:
        super().__init__(path, backend)
        self._threads = threads

    def _open(self) -> Page:
        folder = self._path if self._path.is_dir() else self._path.parent
        options = {"entry": self._path.name, "backend": self.backend, "threads": self._threads}
        return Page(self.script, folder, options, self._path)


@contextmanager
def _served(script: str, folder: Path) -> Iterator[str]:
    handler = functools.partial(_Handler, script, folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves a page with one script, the bundle's files, and an artifact's below ``artifact/``."""

    protocol_version = "HTTP/1.1"

    def __init__(self, script: str, folder: Path, *arguments: Any) -> None:
        self._script = script
        self._folder = folder
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer with a file."""
        place, _, name = unquote(urlsplit(self.path).path).lstrip("/").rpartition("/")
        if not place and not name:
            script = f'<script type="module" src="{self._script}"></script>'
            page = f'<!doctype html><title>dlconv</title><link rel="icon" href="data:,">{script}'
            return self._answer(200, page.encode(), "text/html; charset=utf-8")
        roots = {"": DIST, "artifact": self._folder}
        path = roots[place] / name if place in roots else None
        if path is None or name in ("", ".", "..") or not path.is_file():
            return self._answer(404, b"not found", "text/plain")
        self._answer(200, path.read_bytes(), TYPES.get(path.suffix, "application/octet-stream"))

    def _answer(self, status: int, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        """Answer requests until the page is gone."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""
