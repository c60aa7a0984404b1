import http.client
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlconv.demo.server import served
from dlconv.demo.site import Site
from dlconv.errors import DlconvError


@pytest.fixture
def port(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "model.bin").write_bytes(b"weights")
    files = {
        "index.html": b"<!doctype html>",
        "page.js": b"1;",
        "a/model.bin": tmp_path / "model.bin",
        "gone.bin": tmp_path / "gone.bin",
        "run.wasm": b"\0asm",
    }
    with served(Site(files)) as address:
        yield int(address.rstrip("/").rpartition(":")[2])


def ask(port, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        ("/", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/page.js?v=1", "text/javascript; charset=utf-8", b"1;"),
        ("/a/model.bin", "application/octet-stream", b"weights"),
        ("/run.wasm", "application/wasm", b"\0asm"),
    ],
)
def test_files_are_served_isolated_and_with_their_types(port, path, kind, content):
    status, headers, body = ask(port, path)
    assert (status, headers["Content-Type"], body) == (200, kind, content)
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_browser_s_copy_is_confirmed_and_not_sent_again(port):
    _, headers, _ = ask(port, "/page.js")
    assert headers["Cache-Control"] == "no-cache"
    status, _, body = ask(port, "/page.js", **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")
    status, _, body = ask(port, "/page.js", **{"If-None-Match": '"another"'})
    assert (status, body) == (200, b"1;")


def test_heads_have_no_content(port):
    status, headers, body = ask(port, "/page.js", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "2", b"")


@pytest.mark.parametrize(
    "path",
    ["/secret.txt", "/a/../secret.txt", "/a/..%2fsecret.txt", "//etc/passwd", "/a", "/gone.bin"],
)
def test_nothing_else_is_served(port, path):
    assert ask(port, path)[0] == 404


def test_a_name_of_another_host_that_leads_here_gets_nothing(port):
    assert ask(port, "/", Host="example.com")[0] == 404
    assert ask(port, "/", Host=f"localhost:{port}")[0] == 200


def say(port, request: bytes) -> bytes:
    """What is answered to exactly these bytes, until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [x]\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost:" + b"9" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET //[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%00%ff%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/" + b"9" * 5000 + b".1\r\n\r\n",
        b"GET / FTP\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"G\0T / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
        b"GET / HTTP/1.1\r\n: \r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"\xff\xfe\0",
        b"",
    ],
)
def test_what_is_no_request_is_no_trouble(port, capfd, request_):
    say(port, request_)
    assert ask(port, "/")[0] == 200
    assert capfd.readouterr() == ("", "")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=12),
    st.sampled_from([b"/", b"//", b"http://", b"[", b"?", b"%", b""]),
    st.binary(max_size=12),
    st.sampled_from([b"Host", b"If-None-Match", b"Expect", b"Connection", b""]),
    st.binary(max_size=12),
)
def test_nor_are_any_other_bytes(port, capfd, place, mark, path, name, value):
    line = b"GET " + mark + path + b" HTTP/1.1" if place else place + path
    say(port, line + b"\r\n" + name + b": " + value + b"\r\n\r\n")
    assert capfd.readouterr() == ("", "")


def test_a_taken_port_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DlconvError, match=f"port {port}"), served(Site({}), port):
            pass
