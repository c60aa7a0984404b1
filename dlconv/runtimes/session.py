"""What runtimes elsewhere have in common: a session in a Node.js process, a page, or a process of
Python's, that is opened with the runtime, answers photos, and says what a result depends on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from dlconv.runtimes import Inference


class Session(Protocol):
    """An artifact that is loaded."""

    @property
    def description(self) -> Mapping[str, Any]:
        """What it says of itself."""
        ...

    @property
    def process_ids(self) -> Sequence[int]:
        """The processes it runs in."""
        ...

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo to labels or scores."""
        ...

    def close(self) -> None:
        """End it."""
        ...


S = TypeVar("S", bound=Session)
R = TypeVar("R", bound="SessionRuntime[Any]")


class SessionRuntime(Generic[S]):
    """Runs an artifact in a session; ``described`` are the keys that ``describe`` returns of it."""

    described: tuple[str, ...]
    _session: S

    def __init__(self, path: Path, backend: str = "wasm") -> None:
        self._path = path
        self.backend = backend

    def _open(self) -> S:
        raise NotImplementedError

    def __enter__(self: R) -> R:
        self._session = self._open()
        return self

    def __exit__(self, *raised: object) -> None:
        self._session.close()

    @property
    def process_ids(self) -> Sequence[int]:
        """The process, or all of the browser's, once it is entered."""
        return self._session.process_ids

    def infer(self, image: np.ndarray) -> Inference:
        """Map a photo, [1, H, W, 3] RGB in the input's type, to labels or scores."""
        return self._session.infer(image)

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        said = self._session.description
        return {key: str(said[key]) for key in self.described if key in said}
