"""How a graph is converted: precision, calibration, input and output."""

from pathlib import Path
from typing import Annotated

import typer

NoRewrite = Annotated[
    bool,
    typer.Option("--no-rewrite", help="Leave the graph as TensorFlow exported it: slower."),
]

InputSize = Annotated[
    str | None,
    typer.Option(
        metavar="HxW",
        help="Fix the size of the photos (one number: square). Another size than the crop is "
        "another resolution: faster if smaller, and not the same labels.",
        show_default="any",
    ),
]

InputType = Annotated[
    str | None, typer.Option("--input", metavar="uint8|float32", help="Type of the pixels, 0..255.")
]

Output = Annotated[
    str,
    typer.Option(metavar="labels|scores|probabilities", help="What comes out for each pixel."),
]

OutputType = Annotated[
    str | None, typer.Option(metavar="int32|uint8|int64", help="Type of the labels.")
]

Calibrate = Annotated[
    list[Path] | None,
    typer.Option(
        "--calibrate",
        metavar="DIR|FILE",
        help="Photos to calibrate on, 16 or more; may be given several times. With --quantize "
        "uint8, int8, auto or static.",
        show_default="generated images",
    ),
]

AutoAgreement = Annotated[
    float | None,
    typer.Option(
        "--floor-agreement",
        min=0,
        max=1,
        help="With --quantize auto: least mean agreement with the frozen graph.",
        show_default="0.99",
    ),
]

AutoWorst = Annotated[
    float | None,
    typer.Option(
        "--floor-worst",
        min=0,
        max=1,
        help="With --quantize auto: least agreement of the worst photo.",
        show_default="none",
    ),
]

AutoMiou = Annotated[
    float | None,
    typer.Option(
        "--floor-miou",
        min=0,
        max=1,
        help="With --quantize auto: least mIoU against the frozen graph's labels.",
        show_default="none",
    ),
]

Explain = Annotated[
    bool,
    typer.Option(
        "--explain-quantization",
        help="Measure what rounding each tensor alone costs, and list them.",
    ),
]

Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Run it once beside the frozen graph in TensorFlow, on a generated image; if it "
        "differs, write nothing.",
    ),
]
