"""A web host that knows nothing of dlconv: files below a folder, its own headers at most."""

import functools
import http.server
import threading
from contextlib import contextmanager


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments, fresh_for=None, **options):
        self._fresh_for = fresh_for
        super().__init__(*arguments, **options)

    def send_head(self):
        # Files change within a second here, which is as fine as their dates are.
        del self.headers["If-Modified-Since"]
        return super().send_head()

    def end_headers(self):
        if self._fresh_for is not None:
            self.send_header("Cache-Control", f"max-age={self._fresh_for}")
        super().end_headers()

    def log_message(self, *arguments):
        pass


@contextmanager
def static_server(folder, fresh_for=None):
    """Serve a folder on loopback; yield its address. Files stay fresh for so many seconds."""
    handler = functools.partial(_Quiet, directory=folder, fresh_for=fresh_for)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
