"""A Node.js process that runs one artifact and answers one photo after another.

Photos and labels cross its pipes as raw bytes behind a small JSON header (see
``dlconv/web/runner/frames.mjs``).
"""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.verify.runtimes import Inference
from dlconv.verify.runtimes.answers import arrays_from, as_bytes, header_of, inference_from
from dlconv.verify.runtimes.node import find_node
from dlconv.web import bundled


class NodeProcess:
    """A bundled runner in Node.js, from when it is made until ``stop``.

    ``description`` is what the runner says of itself once its artifact is loaded; ``what`` names
    that artifact in errors.
    """

    def __init__(self, runner: str, arguments: Sequence[str], what: Path) -> None:
        self._what = what
        with ExitStack() as stack:
            self._messages = stack.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                [str(find_node()), str(bundled(runner)), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._messages,
            )
            stack.callback(self._end)
            self.description, _ = self._receive()
            self._stack = stack.pop_all()

    @property
    def process_id(self) -> int:
        """The process."""
        return self._process.pid

    def infer(self, image: np.ndarray) -> tuple[Inference, Mapping[str, Any]]:
        """Map a photo to labels or scores; return the answer's header, too."""
        self._send(header_of(image), as_bytes(image))
        header, payload = self._receive()
        return inference_from(header, payload), header

    def activations(self, image: np.ndarray, nodes: Sequence[str]) -> list[np.ndarray]:
        """Return what nodes of a graph model give for a photo, float32."""
        self._send({**header_of(image), "nodes": list(nodes)}, as_bytes(image))
        header, payload = self._receive()
        return arrays_from(header["shapes"], payload)

    def stop(self) -> None:
        """End the process."""
        self._stack.close()

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
            raise DlconvError(f"cannot run {self._what}: {header['error']}")
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
            f"Node.js stopped (exit code {code}) while it ran {self._what}",
            lines[-1] if lines else "",
        )

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
