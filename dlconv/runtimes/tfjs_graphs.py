"""Many small TF.js graph models on one backend, one after another, in one process or page.

Starting Node.js or a page takes longer than running a small graph a hundred times. Tensors have
TF.js's own types: whatever fits into float32 or int32.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes.node_process import NodeProcess
from dlconv.runtimes.page import Page

NODE_BACKENDS = frozenset({"wasm", "cpu"})


class TfjsGraphs:
    """A backend of TF.js that takes graphs: wasm and cpu in Node.js, others in Chromium.

    ``description`` has the versions and switches that results depend on.
    """

    def __init__(self, asked: NodeProcess | Page) -> None:
        self._asked = asked
        self.description: Mapping[str, Any] = asked.description

    def run(
        self, files: Mapping[str, bytes], feeds: Mapping[str, np.ndarray], outputs: Sequence[str]
    ) -> list[np.ndarray]:
        """Run the graph model in ``files`` and return the outputs, as float32 or int32 arrays.

        ``feeds`` and ``outputs`` go by the names of nodes, outputs also by ``name:port``. Raises
        DlconvError with what TF.js says when it does not run the graph.
        """
        inputs = {name: _held(array) for name, array in feeds.items()}
        header = {
            "files": {name: len(content) for name, content in files.items()},
            "inputs": [
                {"name": name, "shape": list(array.shape), "dtype": _type_of(feeds[name])}
                for name, array in inputs.items()
            ],
            "outputs": list(outputs),
        }
        payload = b"".join([*files.values(), *(array.tobytes() for array in inputs.values())])
        answered, content = self._asked.ask(header, payload)
        if "failed" in answered:
            raise DlconvError(str(answered["failed"]))
        return list(_arrays(answered["outputs"], content))


def _type_of(array: np.ndarray) -> str:
    return "bool" if array.dtype == bool else "float32" if array.dtype.kind == "f" else "int32"


def _held(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, "<f4" if array.dtype.kind == "f" else "<i4", order="C")


def _arrays(described: Sequence[Mapping[str, Any]], content: bytes) -> Iterator[np.ndarray]:
    offset = 0
    for output in described:
        shape = tuple(output["shape"])
        dtype = "<f4" if output["dtype"] == "float32" else "<i4"
        if None in shape:
            raise DlconvError(f"an output has the shape {output['shape']}")
        count = math.prod(shape)
        yield np.frombuffer(content, dtype, count, offset).reshape(shape)
        offset += 4 * count


@contextmanager
def tfjs_graphs(backend: str) -> Iterator[TfjsGraphs]:
    """Start a backend. Raises DlconvError if it does not start."""
    what = Path(f"TF.js's {backend} backend")
    asked: NodeProcess | Page
    if backend in NODE_BACKENDS:
        asked = NodeProcess("tfjs-node.cjs", ["", backend], what)
    else:
        options = {"backend": backend, "graphs": "yes"}
        asked = Page("tfjs-page.js", Path(os.devnull), options, what)
    try:
        yield TfjsGraphs(asked)
    finally:
        asked.close()
