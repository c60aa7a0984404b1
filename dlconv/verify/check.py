"""Checking photos: each goes through the frozen graph and through the artifact, and is compared.

A job says what to check, and can be sent to another process; a checker has the job's artifact
loaded. Photos are read, run and forgotten one at a time.
"""

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.artifacts.manifest import Artifact
from dlconv.compare import compare
from dlconv.runtimes import Inference
from dlconv.runtimes.catalogue import parse_choice
from dlconv.runtimes.framing import channels_last, enlarged, framed, in_batch
from dlconv.verify.photos import Photo, load_photo
from dlconv.verify.reference import Reference
from dlconv.verify.reports.pictures import Colour, pictures_of
from dlconv.verify.result import PhotoResult
from dlconv.verify.scores.margin import Margins, margins_of
from dlconv.verify.scores.person import person_scores
from dlconv.verify.scores.score_error import score_error
from dlconv.verify.scores.truth import against_truth


@dataclass(frozen=True)
class Job:
    """An artifact, the runtime (``NAME:BACKEND``) and the frozen graph it is compared with.

    ``cache`` is the folder of the reference's labels. ``colours`` are those of the classes; with
    them, pictures of each photo are made. ``threads`` is the number of threads of TensorFlow and of
    ONNX Runtime in Python, None leaves it to them.
    """

    artifact: Artifact
    runtime: str
    graph_path: Path
    cache: Path
    colours: Sequence[Colour] | None = None
    threads: int | None = None


class Checker:
    """Checks photos; a context manager.

    Entering raises RuntimeMissingError for a runtime that this machine lacks, and DlconvError for
    an artifact whose files differ from its manifest or that cannot be loaded.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._contract = job.artifact.manifest.contract

    def __enter__(self) -> "Checker":
        job = self._job
        job.artifact.check_files()
        digest = job.artifact.manifest.source.graph_sha256
        with ExitStack() as stack:
            reference = Reference(job.graph_path, digest, job.cache, job.threads)
            self._reference = stack.enter_context(reference)
            runtime = parse_choice(job.runtime).start(job.artifact.runnable, job.threads)
            self._runtime = stack.enter_context(runtime)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the runtime and the switches that a result depends on."""
        return self._runtime.describe()

    def check(self, photo: Photo) -> PhotoResult:
        """Check a photo.

        Raises PhotoError for a photo, or its mask, that cannot be read, and DlconvError when the
        artifact fails on it.
        """
        reference, classes = self._reference, self._job.artifact.manifest.classes
        colours = self._job.colours
        image = load_photo(photo, reference.crop)
        expected = reference.labels(image)
        inference, size = self._infer(photo)
        labels = inference.labels[:, : size[0], : size[1]]
        is_same_size = self._contract.crop == reference.crop
        if not is_same_size:
            labels = enlarged(labels, expected.shape[1:])
        scores = inference.scores
        return PhotoResult(
            photo=photo.name,
            sha256=photo.sha256,
            confusion=compare(expected, labels),
            ms=inference.ms,
            margins=self._margins(image, expected, labels),
            person=person_scores(expected, labels, classes),
            truth=against_truth(photo.mask, expected, labels) if photo.mask else None,
            score_error=score_error(reference.scores(image), scores, size)
            if scores is not None and is_same_size
            else None,
            pictures=pictures_of(image, expected, labels, colours) if colours else None,
        )

    def _infer(self, photo: Photo) -> tuple[Inference, tuple[int, int]]:
        """Return the artifact's output, and the photo's height and width within it."""
        image = load_photo(photo, self._contract.crop)
        _, height, width, _ = image.shape
        given = self._contract.input
        inference = self._runtime.infer(framed(image, given))
        inference = dataclasses.replace(inference, output=in_batch(inference.output, given))
        if inference.scores is not None:
            output = channels_last(inference.scores, given)
            inference = dataclasses.replace(inference, output=output)
        return inference, (height, width)

    def _margins(
        self, image: np.ndarray, expected: np.ndarray, labels: np.ndarray
    ) -> Margins | None:
        """Compute margins only where labels differ, since that runs the graph once more."""
        if np.array_equal(expected, labels):
            return Margins(None, 0, 0)
        margins = self._reference.margins(image)
        return None if margins is None else margins_of(margins, expected, labels)
