"""The JavaScript of dlconv, as package data.

``dist/`` is built once by ``build.py`` from the npm packages pinned in ``package-lock.json``: the
bundled runners for Node.js and for browsers, the page of ``dlconv demo``, the wasm binaries of
TF.js, ONNX Runtime Web and LiteRT.js, and what operations and kernels TF.js has. A wheel carries
it; a checkout builds it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlconv.errors import DlconvError

DIST = Path(__file__).parent / "dist"


@dataclass(frozen=True)
class TfjsOperations:
    """The TensorFlow ops that a version of TF.js knows, with the kernels that they need.

    ``backends`` has the kernels of each backend by its name. TF.js runs an op in a backend that has
    all of its kernels; a kernel may still refuse some shapes and element types. An op without
    kernels runs in any. ``defaults`` has what TF.js takes for each attribute of an op that a node
    lacks, None for nothing; it reads no others.
    """

    version: str
    kernels: Mapping[str, frozenset[str]]
    backends: Mapping[str, frozenset[str]]
    defaults: Mapping[str, Mapping[str, Any]]


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
    """Return what the npm packages of the bundled TF.js say; ``operations.mjs`` says how."""
    content = json.loads(bundled("tfjs_operations.json").read_text(encoding="utf-8"))
    kernels, backends = (
        {name: frozenset(found) for name, found in content[key].items()}
        for key in ("operations", "backends")
    )
    return TfjsOperations(content["tfjs"], kernels, backends, content["attributes"])
