"""Connections that end in time, even if a server sends very slowly.

The timeout of a socket starts again with each byte, so a server that sends one now and then can
keep its client for days. A watch has a session of its own and closes its connections when they are
slower than allowed, or when all of it takes too long: the reader then finds the connection closed,
and the watch's ``complaint`` says why.
"""

import contextlib
import socket
import threading
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from dlconv.net.http import Session
from dlconv.net.patience import Patience


class Watch:
    """Watches one session, as a context manager; call ``received`` for bytes that arrive.

    ``begin`` is the start of the first try, in seconds of ``time.monotonic``.
    """

    def __init__(self, patience: Patience, begin: float) -> None:
        self.complaint = ""
        self.session = Session(patience)
        self.session.hooks["response"].append(_leave_body_of_redirect)
        for prefix in ("http://", "https://"):
            self.session.mount(prefix, _Adapter(self))
        self._patience, self._begin = patience, begin
        self._bytes = 0
        self._sockets: list[socket.socket] = []
        self._guard = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self.session.close()
        for each in self._sockets:
            each.close()

    def received(self, count: int) -> None:
        """Count bytes that have arrived."""
        self._bytes += count

    def tracked(self, connection: socket.socket) -> socket.socket:
        """Return a connection after keeping a copy to close, which works under TLS, too."""
        with self._guard:
            self._sockets.append(connection.dup())
            if self.complaint:
                self._end()
        return connection

    def _look(self) -> None:
        patience, before = self._patience, 0
        least = patience.least_bytes_per_second * patience.over_seconds
        while True:
            left = self._begin + patience.most_seconds - time.monotonic()
            if self._is_over.wait(max(0.0, min(patience.over_seconds, left))):
                return
            if left <= patience.over_seconds:
                return self._stop(f"was not done within {patience.most_seconds:,g} s")
            if self._bytes - before < least:
                return self._stop(
                    f"sent less than {patience.least_bytes_per_second:,g} bytes a second "
                    f"for {patience.over_seconds:g} s"
                )
            before = self._bytes

    def _stop(self, complaint: str) -> None:
        with self._guard:
            self.complaint = complaint
            self._end()

    def _end(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _leave_body_of_redirect(response: requests.Response, **_: Any) -> None:
    """Keep requests from reading the body of a redirect, which may have no end."""
    if response.is_redirect:
        response._content = b""
        response.close()


class _Adapter(HTTPAdapter):
    """Makes connections that a watch can close."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._watch)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _pools(self._watch)
        return manager


def _pools(watch: Watch) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return watch.tracked(super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return watch.tracked(super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
