"""A real OCI registry on this machine: Debian's docker-registry."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

DOCKER_REGISTRY = shutil.which("docker-registry")
USER, PASSWORD = "someone", "not-a-password-of-anyone"
# bcrypt, the only form that it reads.
ACCOUNT = f"{USER}:$2b$04$abcdefghijklmnopqrstuu5koQrMgORYVWlG9XWjeAjc8E0xaLTPu\n"

needs_registry = pytest.mark.skipif(
    DOCKER_REGISTRY is None, reason="no docker-registry in this system"
)


@contextmanager
def registry(folder: Path, with_account: bool = False) -> Iterator[str]:
    """Run a registry that keeps its data in a folder; yield its host and port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    lines = [
        "version: 0.1",
        "log: {level: error}",
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}",
        f"http: {{addr: '{address}'}}",
    ]
    if with_account:
        (folder / "accounts").write_text(ACCOUNT)
        lines.append(f"auth: {{htpasswd: {{realm: test, path: {folder / 'accounts'}}}}}")
    (folder / "config.yml").write_text("\n".join(lines))
    command = [DOCKER_REGISTRY, "serve", folder / "config.yml"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://{address}/v2/")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str) -> None:
    for _ in range(100):
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(url)
