"""What can be asked of quantization: a scheme, and what it needs.

``1`` is the calibrated scheme, ``plain1`` the official converter's; ``2`` and ``f16`` round each
weight to the nearest of 65,536 codes or to a half; ``auto`` searches for the fewest bytes that meet
floors. ``static`` is for ONNX alone: activations are quantized as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from dlconv.artifacts.manifest import PrecisionName
from dlconv.errors import UsageError
from dlconv.floors import Floors
from dlconv.graph.contract import Contract

# Loads what a calibration runs on, as the input of a graph with this contract takes it.
LoadImages = Callable[[Contract], Sequence[np.ndarray]]

PRECISIONS: Mapping[str, PrecisionName] = {
    "0": "float32",
    "1": "uint8",
    "2": "uint16",
    "f16": "float16",
    "auto": "auto",
    "plain1": "uint8",
    "static": "uint8",
}


class Scheme(str, Enum):
    """A value of ``--quantize``."""

    FLOAT32 = "0"
    UINT8 = "1"
    UINT16 = "2"
    FLOAT16 = "f16"
    AUTO = "auto"
    PLAIN = "plain1"
    STATIC = "static"

    @property
    def precision(self) -> PrecisionName:
        """How most weights are stored, as manifests say it."""
        return PRECISIONS[self.value]

    @property
    def is_calibrated(self) -> bool:
        """Whether it looks at images."""
        return self in (Scheme.UINT8, Scheme.AUTO, Scheme.STATIC)


TFJS_SCHEMES = tuple(scheme for scheme in Scheme if scheme is not Scheme.STATIC)
ONNX_SCHEMES = (Scheme.FLOAT32, Scheme.UINT8, Scheme.FLOAT16, Scheme.AUTO, Scheme.STATIC)


# What ``auto`` has to reach on photos it was not calibrated on, where nobody says otherwise.
AUTO_FLOORS = Floors(agreement=0.99, worst=None, miou=None)


@dataclass(frozen=True)
class Quantization:
    """A scheme and its options.

    ``photos`` loads the photos to calibrate on, None for generated images; ``floors`` count for
    ``auto``; ``explain`` asks for each tensor's share in the loss.
    """

    scheme: Scheme = Scheme.FLOAT32
    per_channel: bool = False
    photos: LoadImages | None = None
    floors: Floors = AUTO_FLOORS
    explain: bool = False

    @property
    def name(self) -> str:
        """A part for the name of an artifact."""
        suffix = {Scheme.PLAIN: "-plain1", Scheme.STATIC: "-static"}.get(self.scheme, "")
        return f"{self.scheme.precision}{suffix}{'-per-channel' if self.per_channel else ''}"


NOT_QUANTIZED = Quantization()


def scheme_for(option: str, known: Sequence[Scheme]) -> Scheme:
    """Translate the value of ``--quantize``; UsageError for one that is not among ``known``."""
    for scheme in known:
        if option == scheme.value:
            return scheme
    names = ", ".join(scheme.value for scheme in known)
    raise UsageError(f"--quantize takes one of {names}, not {option!r}")
