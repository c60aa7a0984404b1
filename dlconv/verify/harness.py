"""Running an artifact against its frozen graph, photo by photo.

The result holds the numbers, the floors and every reason why the artifact does not pass; text and
JSON are made from it elsewhere. An artifact that cannot run is a result too. Photos are read, run
and forgotten one at a time.
"""

import dataclasses
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.artifacts.manifest import Artifact
from dlconv.errors import DlconvError
from dlconv.inspect.contract import Contract
from dlconv.verify.compare import Confusion, Scores, compare
from dlconv.verify.framing import enlarged, framed
from dlconv.verify.photos import Photo, PhotoError, load_photo
from dlconv.verify.reference import Reference
from dlconv.verify.runtimes import Runtime
from dlconv.verify.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.verify.runtimes.tfjs_node import TfjsNodeRuntime

# Mean agreement that an artifact of another resolution has to reach unless a floor is given.
OTHER_RESOLUTION_FLOOR = 0.9
# Mean agreement that each precision has to reach unless a floor is given.
AGREEMENT_FLOORS = {"float32": 0.999, "float16": 0.995, "uint16": 0.995, "uint8": 0.95}


@dataclass(frozen=True)
class Floors:
    """The least mean agreement, and pooled mIoU if it counts, that an artifact may have."""

    agreement: float
    miou: float | None = None


@dataclass(frozen=True)
class PhotoResult:
    """One photo: its file, its SHA-256, how it scored and the milliseconds of the runtime."""

    photo: str
    sha256: str
    scores: Scores
    ms: float


@dataclass(frozen=True)
class ArtifactResult:
    """One artifact in one runtime.

    ``total`` scores all photos' pixels together, None if the artifact could not run;
    ``failures`` is empty when it passes.
    """

    artifact: Artifact
    runtime: str
    backend: str
    versions: dict[str, str]
    floors: Floors
    photos: tuple[PhotoResult, ...]
    total: Scores | None
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing fell short."""
        return not self.failures

    @property
    def mean_agreement(self) -> float:
        """Mean over the photos of the share of equal labels."""
        return statistics.fmean(photo.scores.agreement for photo in self.photos)

    @property
    def median_ms(self) -> float:
        """Median over the photos of the runtime's milliseconds."""
        return statistics.median(photo.ms for photo in self.photos)

    @property
    def worst(self) -> PhotoResult:
        """The photo with the least agreement."""
        return min(self.photos, key=lambda photo: photo.scores.agreement)


Progress = Callable[[int, int], None]


def verify(
    artifact: Artifact,
    graph_path: Path,
    photos: list[Photo],
    cache: Path,
    floors: Floors,
    progress: Progress = lambda done, total: None,
) -> ArtifactResult:
    """Check an artifact on all photos against its frozen graph.

    ``cache`` is the folder of the reference's labels; ``progress`` is told photos done and in
    total. Raises PhotoError for a photo that cannot be read; whatever else goes wrong is a failure
    of the artifact.
    """
    runtime = _runtime_for(artifact)
    result = ArtifactResult(artifact, runtime.name, runtime.backend, {}, floors, (), None, ())
    try:
        artifact.check_files()
        digest = artifact.manifest.source.graph_sha256
        with Reference(graph_path, digest, cache) as reference, runtime:
            result = dataclasses.replace(result, versions=runtime.describe())
            return _run(result, runtime, reference, photos, progress)
    except PhotoError:
        raise
    except DlconvError as error:
        return dataclasses.replace(result, failures=(error.message,))


def _run(
    result: ArtifactResult,
    runtime: Runtime,
    reference: Reference,
    photos: list[Photo],
    progress: Progress,
) -> ArtifactResult:
    rows: list[PhotoResult] = []
    pooled = Confusion(np.zeros((0, 0), np.int64))
    contract = result.artifact.manifest.contract
    progress(0, len(photos))
    for photo in photos:
        expected = reference.labels(load_photo(photo, reference.crop))
        labels, ms = _labels(runtime, contract, photo)
        if contract.crop != reference.crop:
            labels = enlarged(labels, expected.shape[1:])
        confusion = compare(expected, labels)
        rows.append(PhotoResult(photo.path.name, photo.sha256, confusion.scores(), ms))
        pooled += confusion
        progress(len(rows), len(photos))
    total = pooled.scores()
    failures = _shortfalls(result.floors, rows, total, pooled.reference_classes)
    return dataclasses.replace(result, photos=tuple(rows), total=total, failures=tuple(failures))


def _labels(runtime: Runtime, contract: Contract, photo: Photo) -> tuple[np.ndarray, float]:
    """Return the artifact's labels of the photo, [1, H, W] without padding, and milliseconds."""
    image = load_photo(photo, contract.crop)
    _, height, width, _ = image.shape
    inference = runtime.infer(framed(image, contract.input))
    return inference.labels[:, :height, :width], inference.ms


def _shortfalls(
    floors: Floors, rows: list[PhotoResult], total: Scores, reference_classes: frozenset[int]
) -> Iterator[str]:
    if len(reference_classes) == 1:
        (only,) = reference_classes
        yield f"the reference gives class {only} everywhere on all photos, so nothing is checked"
    agreement = statistics.fmean(row.scores.agreement for row in rows)
    if agreement < floors.agreement:
        yield f"mean agreement {agreement:.4f} is below the floor {floors.agreement}"
    if floors.miou is not None and total.miou < floors.miou:
        yield f"mIoU {total.miou:.4f} is below the floor {floors.miou}"


def floors_for(
    artifact: Artifact, agreement: float | None = None, miou: float | None = None
) -> Floors:
    """Return the floors of an artifact: those given, and the default for what it is."""
    default = AGREEMENT_FLOORS[artifact.manifest.precision]
    if not artifact.manifest.same_function:
        default = OTHER_RESOLUTION_FLOOR
    return Floors(default if agreement is None else agreement, miou)


def _runtime_for(artifact: Artifact) -> Runtime:
    if artifact.manifest.target == "onnx":
        return OnnxruntimeRuntime(artifact.entry)
    return TfjsNodeRuntime(artifact.entry.parent)
