"""The JavaScript of dlconv, as package data.

``dist/`` is built once by ``build.py`` from the npm packages pinned in ``package-lock.json``: the
bundled runner for Node.js, TF.js's wasm binaries and the list of operations TF.js knows. A wheel
carries it; a checkout builds it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from dlconv.errors import DlconvError

DIST = Path(__file__).parent / "dist"


@dataclass(frozen=True)
class TfjsOperations:
    """The TensorFlow ops that a version of TF.js can execute."""

    version: str
    names: frozenset[str]


def bundled(name: str) -> Path:
    """Return the path of a built file; DlconvError when the bundle has not been built."""
    path = DIST / name
    if not path.is_file():
        raise DlconvError(
            f"the JavaScript bundle is not built: {path} is missing",
            "in a checkout, run: make web",
        )
    return path


def tfjs_operations() -> TfjsOperations:
    """Return the operations that the bundled TF.js knows, as its converter lists them."""
    content = json.loads(bundled("tfjs_operations.json").read_text(encoding="utf-8"))
    return TfjsOperations(content["tfjs"], frozenset(content["operations"]))
