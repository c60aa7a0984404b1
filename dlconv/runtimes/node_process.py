"""A Node.js process that runs one artifact and answers one photo after another.

Photos and labels cross its pipes as raw bytes behind a small JSON header (see
``dlconv/web/runner/frames.mjs``).
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes import Inference
from dlconv.runtimes.answers import arrays_from, as_bytes, header_of, inference_from
from dlconv.runtimes.child import child
from dlconv.runtimes.node import find_node
from dlconv.web import bundled


class NodeProcess:
    """A bundled runner in Node.js, from when it is made until ``close``.

    ``description`` is the runner's own, once its artifact is loaded, ``answered`` the header of
    its last answer; ``what`` names the artifact in errors.
    """

    def __init__(self, runner: str, arguments: Sequence[str], what: Path) -> None:
        command = [str(find_node()), str(bundled(runner)), *arguments]
        with ExitStack() as stack:
            self._child = stack.enter_context(child("Node.js", what, command))
            with self._child.limited():
                self.description: Mapping[str, Any] = self._receive()[0]
            self._stack = stack.pop_all()
        self.answered: Mapping[str, Any] = {}

    @property
    def process_ids(self) -> Sequence[int]:
        """The process, a single one."""
        return [self._child.process.pid]

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo to labels or scores."""
        self.answered, payload = self.ask(header_of(image), as_bytes(image))
        return inference_from(self.answered, payload)

    def activations(self, image: np.ndarray, nodes: Sequence[str]) -> list[np.ndarray]:
        """Return what nodes of a graph model give for a photo, float32."""
        asked = {**header_of(image), "nodes": list(nodes)}
        header, payload = self.ask(asked, as_bytes(image))
        return arrays_from(header["shapes"], payload)

    def close(self) -> None:
        """End the process."""
        self._stack.close()

    def ask(self, header: Mapping[str, Any], payload: bytes) -> tuple[Mapping[str, Any], bytes]:
        """Send a request to the runner and return its answer."""
        with self._child.limited():
            self._send(header, payload)
            return self._receive()

    def _send(self, header: Mapping[str, Any], payload: bytes) -> None:
        content = json.dumps({**header, "bytes": len(payload)}).encode()
        try:
            self._child.stdin.write(len(content).to_bytes(4, "little") + content + payload)
            self._child.stdin.flush()
        except BrokenPipeError as error:
            raise self._child.failure() from error

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        header = json.loads(self._take(int.from_bytes(self._take(4), "little")))
        payload = self._take(header["bytes"])
        if "error" in header:
            raise DlconvError(f"cannot run {self._child.what}: {header['error']}")
        return header, payload

    def _take(self, count: int) -> bytes:
        content = self._child.stdout.read(count)
        if len(content) < count:
            raise self._child.failure()
        return content
