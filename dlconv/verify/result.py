"""The result of checking an artifact: figures for each photo, and each reason why it fails.

Reports are made from these elsewhere. An artifact that cannot run has a result, too.
"""

import functools
import operator
import statistics
from dataclasses import dataclass

import numpy as np

from dlconv.artifacts.manifest import Artifact
from dlconv.compare import Confusion, Scores, pooled
from dlconv.floors import Floors
from dlconv.verify.photos import Skipped
from dlconv.verify.reports.pictures import Pictures
from dlconv.verify.scores.margin import Margins
from dlconv.verify.scores.person import MaskScores
from dlconv.verify.scores.truth import TruthConfusion


@dataclass(frozen=True)
class PhotoResult:
    """One photo: its name, its SHA-256, its labels counted and the milliseconds of the runtime.

    ``margins`` says how sure the reference was where labels differ, if its scores are available,
    ``person`` scores the person's mask where one is seen, ``truth`` compares with ground truth
    where there is some, ``score_error`` is the largest difference of a score, or of a probability,
    where the artifact gives those; ``pictures`` are kept of the worst photos, if at all.
    """

    photo: str
    sha256: str
    confusion: Confusion
    ms: float
    margins: Margins | None = None
    person: MaskScores | None = None
    truth: TruthConfusion | None = None
    score_error: float | None = None
    pictures: Pictures | None = None

    @functools.cached_property
    def scores(self) -> Scores:
        """Agreement and IoU."""
        return self.confusion.scores()


@dataclass(frozen=True)
class Check:
    """One thing that had to hold, and why it did not; ``failure`` is None where it did.

    ``value`` and ``floor`` are given where a number was compared with a floor.
    """

    name: str
    failure: str | None = None
    value: float | None = None
    floor: float | None = None


@dataclass(frozen=True)
class ArtifactResult:
    """One artifact in one runtime; without photos if it could not run.

    ``versions`` are those of the runtime and the switches that its results depend on; ``skipped``
    are pictures among the photos that could not be checked.
    """

    artifact: Artifact
    runtime: str
    backend: str
    versions: dict[str, str]
    floors: Floors
    photos: tuple[PhotoResult, ...] = ()
    checks: tuple[Check, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @functools.cached_property
    def confusion(self) -> Confusion:
        """The pixels of all photos."""
        return pooled(photo.confusion for photo in self.photos)

    @functools.cached_property
    def total(self) -> Scores | None:
        """Agreement and IoU over the pixels of all photos; None if the artifact could not run."""
        return self.confusion.scores() if self.photos else None

    @property
    def place(self) -> str:
        """Where it ran: runtime and backend."""
        return f"{self.runtime} {self.backend}"

    @property
    def title(self) -> str:
        """What ran, and where, as a person would say."""
        return f"{self.artifact.title} in {self.place}"

    @property
    def failures(self) -> tuple[str, ...]:
        """Why it does not pass; empty when it does."""
        return tuple(check.failure for check in self.checks if check.failure is not None)

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
    def sure_mismatches(self) -> int | None:
        """Pixels that differ where the reference was sure; None where it does not show that."""
        found = [photo.margins for photo in self.photos]
        if not found or any(each is None for each in found):
            return None
        return sum(each.sure for each in found if each is not None)

    @property
    def score_error(self) -> float | None:
        """The largest difference of a score on any photo; None for an artifact of labels."""
        found = [each.score_error for each in self.photos if each.score_error is not None]
        return float(np.max(found)) if found else None

    @property
    def person(self) -> MaskScores | None:
        """Mean over the photos of the scores of the person's mask; None where none is seen."""
        scores = [photo.person for photo in self.photos if photo.person is not None]
        if not scores:
            return None
        return MaskScores(
            statistics.fmean(each.agreement for each in scores),
            statistics.fmean(each.boundary_f for each in scores),
        )

    @property
    def truth(self) -> TruthConfusion | None:
        """The photos with ground truth, pooled; None without any."""
        found = [photo.truth for photo in self.photos if photo.truth is not None]
        return functools.reduce(operator.add, found) if found else None

    @property
    def photos_with_truth(self) -> int:
        """How many photos have ground truth."""
        return sum(photo.truth is not None for photo in self.photos)

    @property
    def worst(self) -> PhotoResult:
        """The photo with the least agreement."""
        return min(self.photos, key=lambda photo: photo.scores.agreement)
