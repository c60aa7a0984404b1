"""A server of files that resets connections, and is slow if asked to be."""

import contextlib
import itertools
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK_BYTES = 1 << 15


class FlakyServer(ThreadingHTTPServer):
    """What listens, and how many connections it has reset."""

    daemon_threads = True
    resets = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def shutdown_request(self, request) -> None:
        """Close without the orderly goodbye, which would come before a reset."""
        self.close_request(request)


@contextlib.contextmanager
def flaky_server(
    content: bytes, reset_every: int = 0, seconds: float = 0
) -> "Iterator[FlakyServer]":
    """Serve ``content`` at every path of a server.

    Of every so many connections the last is reset half-way; each takes so many seconds.
    """
    count = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(re.sub(r"\D", "", self.headers.get("Range", "")) or 0)
            is_reset = bool(reset_every) and next(count) % reset_every == 0
            self.send_response_only(206 if start else 200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(content) - start))
            if start:
                end = len(content) - 1
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._send(content[start : len(content) // 2 if is_reset else None])
            if is_reset:
                server.resets += 1
                no_linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
            self.close_connection = True

        def _send(self, body: bytes) -> None:
            for place in range(0, len(body), CHUNK_BYTES):
                self.wfile.write(body[place : place + CHUNK_BYTES])
                time.sleep(seconds * CHUNK_BYTES / len(content))

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = FlakyServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
