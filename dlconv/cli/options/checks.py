"""Photos, runtimes, floors and reports of checks."""

from pathlib import Path
from typing import Annotated

import typer

Artifacts = Annotated[
    list[Path] | None,
    typer.Argument(metavar="ARTIFACT", help="Default: all below artifacts/."),
]

Images = Annotated[
    list[Path] | None,
    typer.Option(
        "--images",
        metavar="DIR|FILE",
        help="Photos to check on; may be given several times. The sample model brings its own.",
    ),
]

FloorAgreement = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Least agreement with the frozen graph, mean over the photos. Default: float32 0.999, "
        "float16 and uint16 0.995, uint8, int8, static and plain1 0.99, auto what it was made for; "
        "0.9 at another resolution.",
        show_default=False,
    ),
]

FloorWorst = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Least agreement of the worst photo; 0 for none. Default: uint8, int8, static "
        "and plain1 0.95, auto what it was made for, others none.",
        show_default=False,
    ),
]

FloorMiou = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Least mIoU against the frozen graph's labels, pooled over the photos; 0 for none. "
        "Default: uint8, int8, static and plain1 0.85, auto what it was made for, others none.",
        show_default=False,
    ),
]

Runtimes = Annotated[
    list[str] | None,
    typer.Option(
        "--runtime",
        metavar="NAME[:BACKEND]",
        help="Where to run: tfjs-node (wasm, cpu), tfjs-chromium (wasm, webgl, webgpu), "
        "onnxruntime, ort-web (wasm, webgpu), ort-web-node, litert (xnnpack, reference), "
        "litert-web (wasm, webgpu), tensorflow (frozen graphs), or all; may be given several "
        "times.",
        show_default="tfjs-node, onnxruntime, litert and tensorflow",
    ),
]

SkipMissing = Annotated[
    bool, typer.Option("--skip-missing", help="Leave out runtimes that this machine lacks.")
]

Reference = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL|GRAPH.pb",
        help="The frozen graph to compare with. Artifacts of others, without a manifest, need it: "
        "TF.js graph models, those of 2018 as well, ONNX files, .tflite files and frozen graphs.",
        show_default="what the artifact was made from",
    ),
]

Reports = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write a report, too: .json (all numbers), .html (a page with the worst photos), .md "
        "or .xml (JUnit); may be given several times.",
        show_default="in GitHub Actions, the job's summary",
    ),
]
