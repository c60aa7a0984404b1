"""The runtime ``tfjs-node``: a TF.js graph model in Node.js, with the wasm or the cpu backend."""

from pathlib import Path
from types import TracebackType

import numpy as np

from dlconv.verify.runtimes import Inference
from dlconv.verify.runtimes.node_process import NodeProcess


class TfjsNodeRuntime:
    """Runs a directory with a TF.js graph model in a Node.js process of its own.

    ``tensors`` is how many TF.js held after the last photo; a model that leaks makes it grow.
    """

    name = "tfjs-node"

    def __init__(self, directory: Path, backend: str = "wasm") -> None:
        self._directory = directory
        self.backend = backend
        self.tensors = 0

    def __enter__(self) -> "TfjsNodeRuntime":
        arguments = [str(self._directory.resolve()), self.backend]
        self._process = NodeProcess("tfjs-node.cjs", arguments, self._directory)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.stop()

    @property
    def process_id(self) -> int:
        """The Node.js process, once it is entered."""
        return self._process.process_id

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        inference, header = self._process.infer(image)
        self.tensors = int(header["tensors"])
        return inference

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        keys = ("tfjs", "node", "simd", "threads")
        said = self._process.description
        return {key: str(said[key]) for key in keys if key in said}
