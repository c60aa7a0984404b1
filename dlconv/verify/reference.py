"""The reference: labels of the frozen graph, and how sure it was, computed once per photo.

Labels are kept on disk by the graph's digest, the digest and size of the pixels, and TensorFlow's
version, as PNG files that a person can open, and margins beside them. Both are sealed: files that
were changed are computed again. TensorFlow is started only for a photo that is not in the cache,
and then once for all of them.
"""

import dataclasses
import hashlib
import io
from contextlib import ExitStack
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import Contract, find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.framing import framed, in_batch
from dlconv.runtimes.tensorflow_child import TensorflowChild
from dlconv.storage.disk import disk_trouble
from dlconv.storage.sealed import read_sealed, write_sealed
from dlconv.verify.scores.margin import best_minus_next

# How many classes a pixel of the cached pictures can distinguish.
MOST_CLASSES = 256


class Reference:
    """Maps photos to the labels of one frozen graph, through a cache on disk."""

    def __init__(
        self, graph_path: Path, graph_sha256: str, cache: Path, threads: int | None = None
    ) -> None:
        self._graph_path = graph_path
        self._threads = threads
        self._folder = cache / graph_sha256
        self._stack = ExitStack()
        self._runtime: TensorflowChild | None = None

    def __enter__(self) -> "Reference":
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()
        self._runtime = None

    @cached_property
    def crop(self) -> tuple[int, int] | None:
        """The crop of the frozen graph, height and width."""
        return self._contract.crop

    @cached_property
    def _contract(self) -> Contract:
        return find_contract(Graph(read_graph(self._graph_path)))

    def labels(self, image: np.ndarray) -> np.ndarray:
        """Return the labels, int32 [1, H, W], of a photo, uint8 [1, H, W, 3]."""
        path = self._folder / f"{_key(image)}.png"
        known = _read_labels(path, image.shape[1:3])
        if known is not None:
            return known
        _, height, width, _ = image.shape
        given = self._contract.input
        inference = self._start().infer(framed(image, given))
        inference = dataclasses.replace(inference, output=in_batch(inference.output, given))
        labels = inference.labels[:, :height, :width]
        if labels.min() >= 0 and labels.max() < MOST_CLASSES:
            _keep(path, _as_png(labels))
        return labels

    def margins(self, image: np.ndarray) -> np.ndarray | None:
        """Return by how much the best score exceeds the second best, float32 [1, H, W].

        None where the graph does not show scores for each pixel of the photo.
        """
        path = self._folder / f"{_key(image)}.margins.npy"
        size = image.shape[1:3]
        known = _read_margins(path, size)
        if known is not None:
            return known
        scores = self.scores(image)
        if scores is None:
            return None
        margins = best_minus_next(scores)
        buffer = io.BytesIO()
        with np.errstate(over="ignore"):
            halves = margins.astype(np.float16)
        np.save(buffer, halves)
        _keep(path, buffer.getvalue())
        return halves.astype(np.float32)

    def scores(self, image: np.ndarray) -> np.ndarray | None:
        """Return the scores before the ArgMax, float32 [1, H, W, classes]; they are not cached.

        None where the graph does not show scores for each pixel of the photo.
        """
        height, width = image.shape[1:3]
        scores = self._start().scores(framed(image, self._contract.input))
        if scores is None or scores.shape[1] < height or scores.shape[2] < width:
            return None
        return scores[:, :height, :width]

    def _start(self) -> TensorflowChild:
        if self._runtime is None:
            self._runtime = self._stack.enter_context(
                TensorflowChild(self._graph_path, self._threads)
            )
        return self._runtime


def _keep(path: Path, content: bytes) -> None:
    with disk_trouble(path):
        write_sealed(path, content)


def _key(image: np.ndarray) -> str:
    _, height, width, _ = image.shape
    digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()
    return f"{digest}-{width}x{height}-tensorflow{version('tensorflow')}"


def _as_png(labels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(labels[0].astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _read_labels(path: Path, size: tuple[int, ...]) -> np.ndarray | None:
    from PIL import Image

    kept = read_sealed(path)
    if kept is None:
        return None
    with Image.open(io.BytesIO(kept), formats=["PNG"]) as picture:
        labels = np.asarray(picture, np.int32)[None]
    return labels if labels.shape[1:] == size else None


def _read_margins(path: Path, size: tuple[int, ...]) -> np.ndarray | None:
    kept = read_sealed(path)
    if kept is None:
        return None
    margins = np.load(io.BytesIO(kept), allow_pickle=False)
    return margins.astype(np.float32) if margins.shape[1:] == size else None
