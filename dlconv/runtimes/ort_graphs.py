"""Many small ONNX models in ONNX Runtime Web, one after another, in one Node.js process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes.node_process import NodeProcess

WHAT = Path("ONNX Runtime Web")


class OrtGraphs:
    """ONNX Runtime Web with wasm, on one thread."""

    def __init__(self, asked: NodeProcess) -> None:
        self._asked = asked

    def run(self, model: bytes, feeds: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the first output of a model. Raises DlconvError with what ONNX Runtime says."""
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
def ort_graphs() -> Iterator[OrtGraphs]:
    """Start ONNX Runtime Web. Raises DlconvError if it does not start."""
    asked = NodeProcess("ort-node.mjs", [""], WHAT)
    try:
        yield OrtGraphs(asked)
    finally:
        asked.close()
