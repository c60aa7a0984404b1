"""Labels and times of several runtimes on the same photos, in turns.

The reference is a frozen graph in TensorFlow, at the same size: it gets exactly the pixels that the
others get, and what it says of a photo's own pixels is compared, the padding left out.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlconv.bench.measure import WARM_UP_ROUNDS, all_turns
from dlconv.compare import Confusion, compare, pooled
from dlconv.graph.contract import Contract
from dlconv.runtimes import Runtime
from dlconv.runtimes.framing import framed
from dlconv.runtimes.tensorflow_child import TensorflowChild
from dlconv.terminal.console import say
from dlconv.verify.photos import Photo, load_photo

# What share of all pixels a class has at least whose IoU is more than chance.
LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class Shown:
    """A photo as a network takes it, how many rows and columns of it are the photo's own, and the
    reference's labels of those, int32 [1, rows, columns].
    """

    image: np.ndarray
    rows: int
    columns: int
    labels: np.ndarray

    def compared(self, labels: np.ndarray) -> Confusion:
        """Compare labels of the whole image with the reference's."""
        return compare(self.labels, labels[:, : self.rows, : self.columns])


@dataclass(frozen=True)
class Labelled:
    """How one does: the pixels of each photo by pairs of labels, and the milliseconds of frames."""

    confusions: tuple[Confusion, ...]
    frames_ms: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The share of equal labels in a photo, 0 to 1, on average."""
        return statistics.mean(self._agreements)

    @property
    def worst(self) -> float:
        """The least share of equal labels in a photo."""
        return min(self._agreements)

    @property
    def _agreements(self) -> list[float]:
        return [each.scores().agreement for each in self.confusions]

    @property
    def miou(self) -> float:
        """The mIoU of all photos pooled, over the classes that occur."""
        return pooled(self.confusions).scores().miou

    @property
    def miou_of_large(self) -> float:
        """The same over those classes that have ``LEAST_SHARE`` of the reference's pixels.

        Of a class with a handful of pixels one label more or less decides its IoU.
        """
        together = pooled(self.confusions)
        scores = together.scores()
        pixels = Counter[int]()
        for reference, _, count in together.entries:
            pixels[reference] += count
        large = [k for k, count in pixels.items() if count >= LEAST_SHARE * scores.pixels]
        return statistics.mean(scores.class_iou[k] for k in large)

    @property
    def ms(self) -> float:
        """Median milliseconds of a frame."""
        return statistics.median(self.frames_ms)


def shown(graph: Path, contract: Contract, photos: Sequence[Photo]) -> list[Shown]:
    """Run a frozen graph on photos. Raises DlconvError where it fails on one."""
    say(f"labelling {len(photos)} photos with the frozen graph")
    with TensorflowChild(graph) as reference:
        return [_shown(reference, contract, photo) for photo in photos]


def _shown(reference: TensorflowChild, contract: Contract, photo: Photo) -> Shown:
    loaded = load_photo(photo, contract.crop)
    _, rows, columns, _ = loaded.shape
    image = framed(loaded, contract.input)
    return Shown(image, rows, columns, reference.infer(image).labels[:, :rows, :columns])


def label_in_turns(
    runtimes: Sequence[Runtime], photos: Sequence[Shown], rounds: int
) -> list[Labelled]:
    """Let runtimes that are entered label all photos, ``rounds`` times after a warm-up.

    Raises DlconvError when one fails.
    """
    confusions: list[list[Confusion]] = [[] for _ in runtimes]
    times: list[list[float]] = [[] for _ in runtimes]
    frames = WARM_UP_ROUNDS + rounds * len(photos)
    for number, k in all_turns(len(runtimes), frames):
        photo = photos[number % len(photos)]
        answer = runtimes[k].infer(photo.image)
        times[k].append(answer.ms)
        if number < len(photos):
            confusions[k].append(photo.compared(answer.labels))
    counted = [tuple(each[WARM_UP_ROUNDS:]) for each in times]
    return [Labelled(tuple(one), ms) for one, ms in zip(confusions, counted, strict=True)]
