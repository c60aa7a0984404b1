"""A real npm registry on this machine: verdaccio, installed once for a lock file."""

import hashlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from dlconv.storage.files import new_directory
from dlconv.web.build import NODE, NPM

ROOT = Path(__file__).parents[2]
PINS = ROOT / "tests" / "release" / "publish" / "verdaccio"
CONFIG = """
storage: ./storage
auth: {htpasswd: {file: ./htpasswd, max_users: 9}}
packages: {'**': {access: $all, publish: $authenticated, unpublish: $authenticated}}
log: {type: stdout, level: fatal}
max_body_size: 200mb
"""


@contextmanager
def verdaccio(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a registry that keeps its data in a folder; yield its URL and a token."""
    program = _installed() / "node_modules" / "verdaccio" / "bin" / "verdaccio"
    (folder / "config.yaml").write_text(CONFIG)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    command = [NODE, program, "--config", folder / "config.yaml", "--listen", address]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://{address}"
        yield url, _register(url)
    finally:
        process.terminate()
        process.wait(10)


def _installed() -> Path:
    lock = (PINS / "package-lock.json").read_bytes()
    folder = ROOT / ".cache" / f"verdaccio-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.is_dir():
        with new_directory(folder) as new:
            shutil.copytree(PINS, new, dirs_exist_ok=True)
            command = [NODE, NPM, "ci", "--ignore-scripts", "--omit=optional", "--no-audit"]
            subprocess.run(command, cwd=new, check=True, capture_output=True)
    return folder


def _register(url: str) -> str:
    """Make an account once the registry answers; return its token."""
    account = {"name": "someone", "password": "not-a-password-of-anyone"}
    for _ in range(200):
        try:
            answer = requests.put(f"{url}/-/user/org.couchdb.user:someone", json=account, timeout=9)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return json.loads(answer.text)["token"]
    raise TimeoutError(url)
