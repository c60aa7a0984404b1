"""The runtime ``tfjs-node``: a TF.js graph model in Node.js, with the wasm or the cpu backend."""

from pathlib import Path

from dlconv.runtimes.node_process import NodeProcess
from dlconv.runtimes.session import SessionRuntime


class TfjsNodeRuntime(SessionRuntime[NodeProcess]):
    """Runs a directory with a TF.js graph model in a Node.js process of its own."""

    name = "tfjs-node"
    described = ("tfjs", "node", "simd", "threads")

    def _open(self) -> NodeProcess:
        return tfjs_process(self._path, self.backend)

    @property
    def tensors(self) -> int:
        """The number of tensors in TF.js after the last photo; it grows if a model leaks."""
        return int(self._session.answered.get("tensors", 0))


def tfjs_process(directory: Path, backend: str = "wasm") -> NodeProcess:
    """Start a Node.js process with a graph model."""
    return NodeProcess("tfjs-node.cjs", [str(directory.resolve()), backend], directory)
