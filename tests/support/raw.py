"""A server that says exactly what it is told to, HTTP or not."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Say = Callable[[socket.socket], None]


@contextlib.contextmanager
def raw_server(reply: bytes | Say) -> Iterator[str]:
    """Answer every request with the same bytes, or as a function does; yield host and port."""

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            heard = b""
            while b"\r\n\r\n" not in heard and (more := connection.recv(1 << 16)):
                heard += more
            if callable(reply):
                reply(connection)
            else:
                connection.sendall(reply)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
