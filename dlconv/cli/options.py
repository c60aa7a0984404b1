"""Options and arguments that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    pass


def _set_verbose(wanted: bool) -> None:
    if wanted:
        from dlconv.logs import show_logs

        show_logs()


Verbose = Annotated[
    bool,
    typer.Option(
        "-v", "--verbose", callback=_set_verbose, help="Show what the libraries log and print."
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]

Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown to standard output.")]

RegistryFile = Annotated[
    Path | None,
    typer.Option(
        "--registry",
        metavar="FILE",
        envvar="DLCONV_REGISTRY",
        help="TOML file whose entries add to the registry, or replace some of it.",
    ),
]

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

InputName = Annotated[
    str | None,
    typer.Option(
        "--inputs",
        metavar="NAME",
        help="The node that the image comes from, in place of the one that is found: sub_7, say, "
        "with --outputs ResizeBilinear_3.",
        show_default=False,
    ),
]

OutputNames = Annotated[
    str | None,
    typer.Option(
        "--outputs",
        metavar="NAME[,NAME]",
        help="The nodes that give the result, in place of those that are found: ArgMax, say.",
        show_default=False,
    ),
]

GraphSpec = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL|PATH",
        help="A model's name or the path of a frozen graph (.pb). Default: the model fetched last.",
        show_default=False,
    ),
]

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL|PATH|URL",
        help="A model's name, or the path or the URL of one: a frozen graph (.pb), its tarball, a "
        "SavedModel, a TF.js graph model, one of 2018 as well, or ONNX. Default: "
        "the model fetched last.",
        show_default=False,
    ),
]

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Where it listens.", show_default="any free"),
]

NoOpen = Annotated[bool, typer.Option("--no-open", help="Open no browser.")]

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

Runtimes = Annotated[
    list[str] | None,
    typer.Option(
        "--runtime",
        metavar="NAME[:BACKEND]",
        help="Where to run: tfjs-node (wasm, cpu), tfjs-chromium (wasm, webgl, webgpu), "
        "onnxruntime, ort-web, ort-web-node, tensorflow (frozen graphs), or all; may be given "
        "several times.",
        show_default="tfjs-node, onnxruntime and tensorflow",
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
        "TF.js graph models, those of 2018 as well, ONNX files and frozen graphs.",
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

Mirror = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="DLCONV_MIRROR",
        help="Server in place of the zoo's: http, https or file; the path of the tarball stays.",
    ),
]

Lock = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="DLCONV_LOCK",
        help="Where digests are kept of models for which none is published.",
        show_default="the user's data folder",
    ),
]

TrustConfig = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What to trust, as JSON (ClientTrustConfig), in place of the public Sigstore.",
    ),
]

Offline = Annotated[bool, typer.Option("--offline", help="Use only the cache.")]


def names_of(outputs: str | None) -> tuple[str, ...]:
    """Return the names of nodes that ``--outputs`` lists."""
    return () if outputs is None else tuple(name.strip() for name in outputs.split(","))
