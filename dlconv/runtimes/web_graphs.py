"""Many small files of ONNX or LiteRT in their web runtimes, one after another.

ONNX Runtime Web runs in one Node.js process and LiteRT.js in one page of Chromium, both with wasm
and on one thread: starting them takes longer than running a small graph a hundred times.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes.node_process import NodeProcess
from dlconv.runtimes.page import Page


class WebGraphs:
    """A web runtime that takes models, each with its inputs."""

    def __init__(self, asked: NodeProcess | Page) -> None:
        self._asked = asked

    def run(self, model: bytes, feeds: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the first output of a model. Raises DlconvError with what the runtime says."""
        inputs = [np.asarray(array, order="C") for array in feeds.values()]
        header = {
            "model": len(model),
            "inputs": [
                {
                    "name": name,
                    "type": array.dtype.name,
                    "shape": list(array.shape),
                    "bytes": array.nbytes,
                }
                for name, array in zip(feeds, inputs, strict=True)
            ],
        }
        payload = b"".join([model, *(array.tobytes() for array in inputs)])
        answered, content = self._asked.ask(header, payload)
        if "failed" in answered:
            raise DlconvError(str(answered["failed"]))
        return np.frombuffer(content, np.dtype(answered["type"])).reshape(answered["shape"])


@contextmanager
def ort_graphs() -> Iterator[WebGraphs]:
    """Start ONNX Runtime Web. Raises DlconvError if it does not start."""
    asked = NodeProcess("ort-node.mjs", [""], Path("ONNX Runtime Web"))
    try:
        yield WebGraphs(asked)
    finally:
        asked.close()


@contextmanager
def litert_graphs() -> Iterator[WebGraphs]:
    """Start LiteRT.js. Raises DlconvError if it does not start."""
    asked = Page("litert-page.js", Path(os.devnull), {"graphs": "yes"}, Path("LiteRT.js"))
    try:
        yield WebGraphs(asked)
    finally:
        asked.close()
