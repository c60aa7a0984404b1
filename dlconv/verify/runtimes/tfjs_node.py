"""The runtime ``tfjs-node``: a TF.js graph model in Node.js, with the wasm or the cpu backend.

One Node.js process loads the model once and answers one photo after another. Photos and labels
cross its pipes as raw bytes behind a small JSON header (see ``dlconv/web/runner/frames.mjs``).
"""

import contextlib
import json
import math
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.verify.runtimes import Inference
from dlconv.verify.runtimes.node import find_node
from dlconv.web import bundled


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
        runner = bundled("tfjs-node.cjs")
        command = [str(find_node()), str(runner), str(self._directory.resolve()), self.backend]
        self._messages = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._messages
        )
        try:
            self._description, _ = self._receive()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def process_id(self) -> int:
        """The Node.js process, once it is entered."""
        return self._process.pid

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        little_endian = image.dtype.newbyteorder("<")
        pixels = np.ascontiguousarray(image, little_endian).tobytes()
        self._send({"shape": list(image.shape), "dtype": image.dtype.name}, pixels)
        header, payload = self._receive()
        self.tensors = int(header["tensors"])
        shape = tuple(header["shape"])
        if len(payload) != 4 * math.prod(shape):
            raise DlconvError(f"TF.js answered {len(payload)} bytes for an output of shape {shape}")
        dtype = "<f4" if header["dtype"] == "float32" else "<i4"
        return Inference(np.frombuffer(payload, dtype).reshape(shape), float(header["ms"]))

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        keys = ("tfjs", "node", "simd")
        return {key: str(self._description[key]) for key in keys}

    def _send(self, header: dict[str, Any], payload: bytes) -> None:
        content = json.dumps({**header, "bytes": len(payload)}).encode()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(content).to_bytes(4, "little") + content + payload)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failure() from error

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        header = json.loads(self._take(int.from_bytes(self._take(4), "little")))
        payload = self._take(header["bytes"])
        if "error" in header:
            raise DlconvError(f"TF.js cannot run {self._directory}: {header['error']}")
        return header, payload

    def _take(self, count: int) -> bytes:
        assert self._process.stdout is not None
        content = self._process.stdout.read(count)
        if len(content) < count:
            raise self._failure()
        return content

    def _failure(self) -> DlconvError:
        code = self._process.wait()
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").strip().splitlines()
        return DlconvError(
            f"Node.js stopped (exit code {code}) while it ran {self._directory}",
            lines[-1] if lines else "",
        )

    def _stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._messages.close()
