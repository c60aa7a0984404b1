"""The command line: each command parses, calls the library and prints.

Errors become one line and an exit code in one place, ``_Commands``: 1 for what went wrong, 2 for
wrong usage. Heavy modules are imported by the command that needs them, so that ``--help`` is quick.
"""

import dataclasses
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

import dlconv
from dlconv.errors import DlconvError
from dlconv.output import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from dlconv.artifacts.manifest import Artifact
    from dlconv.convert.artifact import Made
    from dlconv.convert.interface import Interface
    from dlconv.convert.quantize.scheme import Quantization, Scheme
    from dlconv.demo.site import Site
    from dlconv.inspect.contract import Asked
    from dlconv.models.registry import Registry
    from dlconv.models.store import FetchedModel
    from dlconv.verify.harness import Progress
    from dlconv.verify.result import ArtifactResult
    from dlconv.verify.runtimes import RuntimeMissingError
    from dlconv.verify.runtimes.catalogue import Choice
    from dlconv.verify.workers import Workers


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except DlconvError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            typer.echo("error: interrupted (hint: nothing is half-written; run it again)", err=True)
            raise typer.Exit(1) from None
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="DeepLab frozen graphs to TensorFlow.js and ONNX: small, fast, and checked against the "
    "original.",
    epilog="Start with: dlconv fetch && dlconv tfjs && dlconv onnx && dlconv verify --images DIR",
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dlconv {dlconv.__version__}")
        raise typer.Exit


def _set_verbose(wanted: bool) -> None:
    if wanted:
        import logging

        from dlconv.tensorflow import show_chatter

        logging.basicConfig(level=logging.DEBUG)
        show_chatter()


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
        "SavedModel, a TF.js graph model, one of 2018 as well, or ONNX. Two with --diff. Default: "
        "the model fetched last.",
        show_default=False,
    ),
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
        "float16 and uint16 0.995, uint8 0.99, auto what it was made for; 0.9 at another "
        "resolution.",
        show_default=False,
    ),
]
FloorWorst = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Least agreement of the worst photo; 0 for none. Default: uint8 0.95, auto what it "
        "was made for, others none.",
        show_default=False,
    ),
]
Calibrate = Annotated[
    list[Path] | None,
    typer.Option(
        "--calibrate",
        metavar="DIR|FILE",
        help="Photos to calibrate on, 16 or more; may be given several times. With --quantize 1, "
        "auto or static.",
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
FloorMiou = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Least mIoU against the frozen graph's labels, pooled over the photos; 0 for none. "
        "Default: uint8 0.85, auto what it was made for, others none.",
        show_default=False,
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


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """DeepLab frozen graphs to TensorFlow.js and ONNX."""


@app.command(epilog="Example: dlconv models mobilenetv2_coco_voc_trainaug")
def models(
    model: Annotated[
        str | None, typer.Argument(help="Show all that is known of one.", show_default=False)
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the models that can be fetched, with their published mIoU."""
    from dlconv.models import listing

    known = _registry(registry)
    chosen = [known.find(model)] if model else list(known.models.values())
    if json:
        show(listing.as_data(chosen))
    else:
        show(listing.details(chosen[0]) if model else listing.table(chosen))


@app.command(epilog="Example: dlconv fetch mobilenetv2_dm05_coco_voc_trainaug")
def fetch(
    model: Annotated[str | None, typer.Argument(help="A model's name.", show_default=False)] = None,
    mirror: Mirror = None,
    registry: RegistryFile = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only the cache.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Download it again.")] = False,
    lock: Lock = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Download a model's tarball, check it, and keep its frozen graph."""
    fetched = _fetch(model, registry, mirror, offline, force, lock)
    if json:
        show({**dataclasses.asdict(fetched), "path": str(fetched.graph_path)})
    else:
        typer.echo(f"{fetched.name}: {fetched.graph_path}")
        typer.echo(f"frozen graph {fetched.graph.size:,} bytes, SHA-256 {fetched.graph.sha256}")


@app.command(
    "inspect",
    epilog="Example: dlconv inspect graph.pb --tensorboard; dlconv inspect graph.pb --check; "
    "dlconv inspect --diff graph.pb web/model/model.json --markdown",
)
def inspect_command(
    models: Models = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what differs between two models instead.")
    ] = False,
    input_size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            help="Count the cost of photos of this size (one number: square), as --input-size of "
            "tfjs and onnx fixes it.",
            show_default="the crop",
        ),
    ] = None,
    opset: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Tell what converts to ONNX at this opset.", show_default="17"
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with code 1 when TF.js in any backend, or ONNX, cannot run an op of what "
            "would be converted.",
        ),
    ] = False,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Show the graph in TensorBoard, until Ctrl-C."),
    ] = False,
    inputs: InputName = None,
    outputs: OutputNames = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="With --tensorboard or --view: where it listens.",
            show_default="any free",
        ),
    ] = None,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="With --tensorboard or --view: open no browser.")
    ] = False,
    logdir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write TensorBoard's event file into this folder, and no more without "
            "--tensorboard.",
            show_default=False,
        ),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            metavar="netron|model-explorer",
            help="Show the graph in one of these, until Ctrl-C; Model Explorer has the bytes of "
            "weights as node data.",
            show_default=False,
        ),
    ] = None,
    artifact: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="With --view model-explorer: add the errors of this artifact's weights (TF.js) "
            "and activations as node data.",
            show_default=False,
        ),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --artifact: the photo for the activations. The sample model brings its own.",
        ),
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    markdown: Markdown = False,
    verbose: Verbose = False,
) -> None:
    """Show what a model promises, what its stages cost, and where its ops can run.

    Frozen graphs show all of it, other formats what they have. With --diff, weights are matched by
    their values, whatever their names and layouts.
    """
    from dlconv import showing
    from dlconv.convert.interface import parse_size
    from dlconv.errors import UsageError

    given = models or []
    options = {
        showing.DIFF: diff,
        showing.VIEW: view,
        showing.TENSORBOARD: tensorboard,
        showing.LOGDIR: logdir,
        "--input-size": input_size,
        "--inputs": inputs,
        "--outputs": outputs,
        "--opset": opset,
        "--check": check,
        "--artifact": artifact,
        "--image": image,
        "--port": port,
        "--no-open": no_open,
        "--json": json,
        "--markdown": markdown,
    }
    mode = showing.mode_of([name for name, value in options.items() if value not in (None, False)])
    known = _registry(registry)
    if mode == showing.DIFF:
        showing.show_difference(given, known, json, markdown)
        return
    if len(given) > 1:
        raise UsageError("inspect takes one model, or two with --diff")
    model, asked = given[0] if given else None, _asked(inputs, outputs)
    if mode == showing.ONE:
        size = parse_size(input_size) if input_size else None
        showing.show_one(model, showing.Question(asked, size, opset, check), known, json, markdown)
        return
    with showing.frozen_graph(model, mode, known) as frozen:
        if view is None:
            showing.show_in_tensorboard(frozen, asked, logdir, tensorboard, port, not no_open)
        else:
            images = [image] if image else []
            showing.show_in_viewer(frozen, view, artifact, images, known, port, not no_open)


@app.command(epilog="Example: dlconv rewrite graph.pb -o faster.pb --only fold-batch-norms")
def rewrite(
    graph: GraphSpec = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="The rewritten frozen graph.")
    ] = Path("rewritten.pb"),
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PASS",
            help="Run this pass only; may be given several times. Passes: drop-asserts, "
            "drop-identities, flatten-atrous, drop-resizes, drop-casts, fold-batch-norms, "
            "compose-pointwise, split-pooled, fold-constants.",
        ),
    ] = None,
    registry: RegistryFile = None,
    verbose: Verbose = False,
) -> None:
    """Write a frozen graph that computes the same, faster: what tfjs and onnx convert."""
    from dlconv import pipeline

    known = _registry(registry)
    frozen = pipeline.find_frozen_graph(graph, known)
    pipeline.rewrite_to_file(frozen, out, only or ())
    typer.echo(str(out))


@app.command(epilog="Example: dlconv tfjs --quantize 1 -o web/model")
def tfjs(
    graph: GraphSpec = None,
    quantize: Annotated[
        str,
        typer.Option(
            metavar="0|1|2|f16|auto|plain1",
            help="Bytes per weight: 0 keeps float32, 1 is uint8 that keeps the labels, 2 is "
            "uint16, f16 is float16; auto searches for the fewest bytes that meet the floors; "
            "plain1 is the official converter's uint8.",
        ),
    ] = "0",
    per_channel: Annotated[
        bool,
        typer.Option(
            "--per-channel",
            help="With --quantize 1: a scale for each channel. Labels are closer, bytes a few "
            "more; for TF.js 4.0 and later.",
        ),
    ] = False,
    calibrate: Calibrate = None,
    floor_agreement: AutoAgreement = None,
    floor_worst: AutoWorst = None,
    floor_miou: AutoMiou = None,
    explain: Explain = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", show_default="artifacts/MODEL/tfjs-..."),
    ] = None,
    converter: Annotated[
        str,
        typer.Option(
            metavar="dlconv|tensorflowjs",
            help="Who writes: dlconv itself, or the official converter if it is installed.",
        ),
    ] = "dlconv",
    inputs: InputName = None,
    outputs: OutputNames = None,
    input_size: InputSize = None,
    input_type: InputType = None,
    output: Output = "labels",
    output_type: OutputType = None,
    no_rewrite: NoRewrite = False,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert to a TensorFlow.js graph model."""
    from dlconv import console, pipeline
    from dlconv.convert.quantize.scheme import TFJS_SCHEMES

    floors = (floor_agreement, floor_worst, floor_miou)
    quantization = _quantization(quantize, TFJS_SCHEMES, per_channel, calibrate, floors, explain)
    interface = _interface(input_size, input_type, output, output_type)
    frozen = pipeline.find_frozen_graph(graph, _registry(registry))
    frozen = pipeline.cut_out(frozen, _asked(inputs, outputs))
    label = f"converting {frozen.source.model} to TensorFlow.js ({quantization.name})"
    with console.steps(label) as progress:
        made = pipeline.convert_to_tfjs(
            frozen, quantization, converter, interface, not no_rewrite, out, progress=progress
        )
    _print_made(made, explain, json)


@app.command(epilog="Example: dlconv onnx -o deeplab.onnx")
def onnx(
    graph: GraphSpec = None,
    opset: Annotated[
        int | None, typer.Option(help="ONNX opset, 11 to 18.", show_default="17")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", show_default="artifacts/MODEL/onnx-.../"),
    ] = None,
    inputs: InputName = None,
    outputs: OutputNames = None,
    input_size: InputSize = None,
    input_type: InputType = None,
    output: Output = "labels",
    output_type: OutputType = None,
    no_rewrite: NoRewrite = False,
    quantize: Annotated[
        str,
        typer.Option(
            metavar="0|1|f16|auto|static",
            help="Bytes per weight: 0 keeps float32, 1 is int8 with a scale for each channel, f16 "
            "is float16; auto searches for the fewest bytes that meet the floors; static computes "
            "with integers, for ONNX Runtime on a CPU: faster, and a few more labels change.",
        ),
    ] = "0",
    calibrate: Calibrate = None,
    floor_agreement: AutoAgreement = None,
    floor_worst: AutoWorst = None,
    floor_miou: AutoMiou = None,
    explain: Explain = False,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Convert to ONNX."""
    from dlconv import console, pipeline
    from dlconv.convert.onnx import DEFAULT_OPSET
    from dlconv.convert.quantize.scheme import ONNX_SCHEMES

    floors = (floor_agreement, floor_worst, floor_miou)
    quantization = _quantization(quantize, ONNX_SCHEMES, False, calibrate, floors, explain)
    interface = _interface(input_size, input_type, output, output_type)
    frozen = pipeline.find_frozen_graph(graph, _registry(registry))
    frozen = pipeline.cut_out(frozen, _asked(inputs, outputs))
    precision = "" if quantization.name == "float32" else f" ({quantization.name})"
    with console.steps(f"converting {frozen.source.model} to ONNX{precision}") as progress:
        made = pipeline.convert_to_onnx(
            frozen,
            quantization,
            opset or DEFAULT_OPSET,
            interface,
            not no_rewrite,
            out,
            progress=progress,
        )
    _print_made(made, explain, json)


@app.command(epilog="Example: dlconv upgrade old_web_model -o web/model")
def upgrade(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A folder with tensorflowjs_model.pb, of 2018."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", show_default="artifacts/NAME/tfjs-...-upgraded"),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make a TensorFlow.js graph model of 2018 one that TensorFlow.js of today loads.

    Converters before 1.0 wrote tensorflowjs_model.pb and weights_manifest.json. The weights stay as
    they are, byte for byte; dlconv verify then compares labels with those of the old model's graph.
    """
    from dlconv import console, pipeline

    artifact = pipeline.upgrade(directory, out)
    _print_artifact(artifact, json)
    floor = "--floor-agreement 0.999"
    console.say(f"check it: dlconv verify {artifact.directory} --images DIR {floor}")


@app.command(epilog="Example: dlconv verify artifacts/sample --images photos/ --floor-miou 0.9")
def verify(
    artifacts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ARTIFACT", help="Default: all below artifacts/."),
    ] = None,
    images: Images = None,
    floor_agreement: FloorAgreement = None,
    floor_worst: FloorWorst = None,
    floor_miou: FloorMiou = None,
    reference: Reference = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Ground truth, PNG files of class indices named as the photos (255: ignored): the "
            "mIoU of both against it is reported, too.",
        ),
    ] = None,
    dataset: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|LIST",
            help="Photos below a folder, or those that a text file names, one path a line; for "
            "thousands of them.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Check photos in so many processes.", show_default="in this one"),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Check photos on a Dask cluster whose workers have dlconv and see the same files.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")
    ] = False,
    runtime: Runtimes = None,
    skip_missing: SkipMissing = False,
    report: Reports = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check the labels of artifacts against the frozen graph's, in the real runtimes.

    Agreement is the share of equal labels; mIoU the mean over classes of intersection over union
    with the frozen graph's labels. Of the pixels that differ, those where the frozen graph was sure
    (its two best scores are 1 or more apart) are real mismatches, the others ties and borders. For
    the class person, the mask's agreement and its boundary F-score (contours within 0.8 % of the
    diagonal) are given, too; for artifacts of scores, their largest difference.

    Exit code 0: all passed; 1: one fell short, or could not be checked; 2: wrong usage.
    """
    from dlconv import console, pipeline
    from dlconv.verify.floors import GivenFloors
    from dlconv.verify.photos import with_masks
    from dlconv.verify.report_files import check_report_files, wants_pictures
    from dlconv.verify.runtimes.catalogue import parse_choices

    floors = GivenFloors(floor_agreement, floor_worst, floor_miou)
    runtimes = parse_choices(runtime or [])
    hired = _workers(workers, dask)
    check_report_files(report or [])
    known = _registry(registry)
    frozen = pipeline.find_reference(reference, known) if reference else None
    chosen = pipeline.choose_artifacts(artifacts or [], reference=frozen)
    with console.step(f"reading {dataset}") if dataset else nullcontext():
        photos = pipeline.choose_photos(images or [], chosen, known, dataset)
    if masks:
        photos = with_masks(photos, masks)
    with _going_on_later(), hired as crew, pipeline.verify_journal(resume) as journal:
        results = pipeline.verify_all(
            chosen,
            photos,
            floors,
            runtimes,
            _say_skipped if skip_missing else None,
            pipeline.colours_of(chosen, known) if wants_pictures(report or []) else None,
            crew,
            journal,
            _photo_progress,
        )
    _report(results, report or [], json, with_photos=True)


@app.command(epilog="Example: dlconv bisect artifacts/sample/tfjs-uint8 --image photo.jpg")
def bisect(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The artifact.")],
    image: Annotated[
        Path | None,
        typer.Option("--image", metavar="FILE", help="The photo. The sample model brings its own."),
    ] = None,
    reference: Reference = None,
    limit: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="The error from which on a node counts as wrong.",
            show_default="float32 0.001, others 0.15",
        ),
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Name the first nodes whose values leave the frozen graph's.

    The error of a node is |a - b| / |b| over all its values; what it adds is how far that is above
    the nodes before it. Exit code 1: a node is beyond the limit.
    """
    from dlconv import console, pipeline
    from dlconv.verify import bisect_report
    from dlconv.verify.bisect import first_beyond

    known = _registry(registry)
    frozen = pipeline.find_reference(reference, known) if reference else None
    (chosen,) = pipeline.choose_artifacts([artifact], reference=frozen)
    photo = pipeline.choose_photos([image] if image else [], [chosen], known)[0]
    with console.steps(f"comparing nodes of {chosen.manifest.source.model} {chosen.title}") as told:
        errors = pipeline.bisect(chosen, photo, lambda done, total: told("nodes", done, total))
    first = first_beyond(errors, bisect_report.limit_for(chosen, limit))
    if json:
        show(bisect_report.as_data(chosen, photo, errors, first))
    else:
        show(bisect_report.table(errors, first), bisect_report.verdict(errors, first))
    if first is not None:
        raise typer.Exit(1)


@app.command(epilog="Example: dlconv bench artifacts/sample --runtime all --rounds 20")
def bench(
    artifacts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ARTIFACT", help="Default: all below artifacts/."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The artifact to compare the others with, each in the runtime that it ran in "
            "itself; where this one did not, in its first runtime.",
        ),
    ] = None,
    images: Images = None,
    runtime: Runtimes = None,
    skip_missing: SkipMissing = False,
    rounds: Annotated[
        int, typer.Option(min=1, help="How many frames of each artifact count.")
    ] = 10,
    threads: Annotated[
        int,
        typer.Option(
            min=1,
            help="Threads of onnxruntime. Runtimes in Node have one, those in a browser what it "
            "gives.",
        ),
    ] = 1,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the JSON report to a file, too.")
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Measure time per frame, load time, memory and bytes of artifacts, taking turns.

    All artifacts get the same photos, each at its own crop; numbers of different models, frame
    sizes or threads do not compare. The memory of a browser is the sum over its processes, what
    they share counted in each.
    """
    from dlconv import console, pipeline
    from dlconv.artifacts.manifest import read_artifact
    from dlconv.bench import report as reports
    from dlconv.bench.benchmark import benchmark
    from dlconv.files import write_atomically
    from dlconv.models.store import cache_root
    from dlconv.verify.runtimes.catalogue import parse_choices

    runtimes = parse_choices(runtime or [])
    chosen = pipeline.choose_artifacts(artifacts or [])
    baseline = read_artifact(against) if against else None
    photos = pipeline.choose_photos(images or [], chosen, _registry(registry))
    used = photos if images else photos[:1]
    sizes = cache_root() / "sizes"
    result = benchmark(
        chosen,
        baseline,
        used,
        rounds,
        threads,
        sizes,
        runtimes,
        console.say,
        _say_skipped if skip_missing else None,
    )
    if report is not None:
        write_atomically(report, reports.as_json(result).encode())
    if json:
        typer.echo(reports.as_json(result))
    else:
        show(reports.table(result))


@app.command(epilog="Example: dlconv run mobilenetv2_dm05_coco_voc_trainaug --images photos/")
def run(
    model: Annotated[str | None, typer.Argument(help="A model's name.", show_default=False)] = None,
    images: Images = None,
    floor_agreement: FloorAgreement = None,
    floor_worst: FloorWorst = None,
    floor_miou: FloorMiou = None,
    mirror: Mirror = None,
    registry: RegistryFile = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only the cache.")] = False,
    lock: Lock = None,
    report: Reports = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Do all of it: fetch, inspect, tfjs (float32 and 1 byte), onnx, verify."""
    from dlconv import console, pipeline
    from dlconv.convert.quantize.scheme import Quantization, Scheme
    from dlconv.inspect import report as inspection
    from dlconv.verify.floors import GivenFloors
    from dlconv.verify.report_files import check_report_files, wants_pictures

    check_report_files(report or [])
    floors = GivenFloors(floor_agreement, floor_worst, floor_miou)
    known = _registry(registry)
    fetched = _fetch(model, registry, mirror, offline, False, lock)
    frozen = pipeline.find_frozen_graph(fetched.name, known)
    console.say(f"{fetched.name}: {inspection.one_line(pipeline.inspect(frozen))}")
    artifacts = []
    for quantization in (Quantization(), Quantization(Scheme.UINT8)):
        with console.steps(f"converting to TensorFlow.js ({quantization.name})") as told:
            made = pipeline.convert_to_tfjs(frozen, quantization, progress=told)
        artifacts.append(made.artifact)
    with console.step("converting to ONNX"):
        artifacts.append(pipeline.convert_to_onnx(frozen).artifact)
    photos = pipeline.choose_photos(images or [], artifacts, known)
    colours = pipeline.colours_of(artifacts, known) if wants_pictures(report or []) else None
    results = pipeline.verify_all(
        artifacts, photos, floors, colours=colours, progress=_photo_progress
    )
    _report(results, report or [], json, with_photos=False)


@app.command(epilog="Example: dlconv demo artifacts/sample --export site")
def demo(
    artifacts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ARTIFACT", help="Default: all below artifacts/."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the page as a static site for any web host instead.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Where it listens.", show_default="any free"),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Serve a page that removes the background of photos, videos and the camera, until Ctrl-C.

    It listens on loopback only, and pictures stay in the browser.
    """
    from dlconv import console, pipeline
    from dlconv.demo import site as sites
    from dlconv.errors import UsageError

    if export is not None and (port or no_open):
        raise UsageError("--port and --no-open do nothing with --export")
    if json and export is None:
        raise UsageError("--json does nothing without --export")
    known, is_kept = _registry(registry), export is not None
    with console.steps("checking artifacts") as told:
        site = pipeline.demo_site(
            artifacts or [], known, is_kept, lambda done, total: told("artifacts", done, total)
        )
    if export is None:
        _serve_demo(site, port, not no_open)
        return
    sites.export(site, export)
    if json:
        sizes = {"bytes": site.bytes, "first_visit_bytes": site.first_bytes}
        show({"path": str(export), "files": len(site.files), **sizes})
    else:
        typer.echo(
            f"{export / sites.INDEX} ({len(site.files)} files, {site.bytes:,} bytes; "
            f"a first visit transfers {site.first_bytes:,})"
        )


@app.command(epilog="Example: dlconv schema verify > verify.schema.json")
def schema(
    kind: Annotated[
        str, typer.Argument(metavar="manifest|verify|inspect|diff", help="Of which file.")
    ],
) -> None:
    """Print the JSON Schema of an artifact's manifest, or of what verify or inspect reports."""
    from dlconv.artifacts import manifest
    from dlconv.errors import UsageError
    from dlconv.inspect import document as inspected
    from dlconv.verify import document

    schemas = {
        "manifest": manifest.json_schema,
        "verify": document.json_schema,
        "inspect": inspected.json_schema,
        "diff": inspected.comparison_schema,
    }
    if kind not in schemas:
        raise UsageError(f"there is no schema {kind!r}; there are {', '.join(schemas)}")
    show(schemas[kind]())


def _serve_demo(site: "Site", port: int | None, opens: bool) -> None:
    """Serve the page until Ctrl-C."""
    from dlconv import console, serving
    from dlconv.demo.server import ANY_PORT, served

    with serving.until_stopped(), served(site, port or ANY_PORT) as address:
        console.say("Ctrl-C stops it")
        typer.echo(address)
        if opens:
            serving.open_page(address)
        serving.wait()


def _asked(inputs: str | None, outputs: str | None) -> "Asked":
    from dlconv.errors import UsageError
    from dlconv.inspect.contract import Asked

    names = [] if outputs is None else [name.strip() for name in outputs.split(",")]
    if inputs == "" or "" in names:
        raise UsageError("--inputs and --outputs take names of nodes")
    return Asked(inputs, tuple(names))


def _quantization(
    option: str,
    schemes: "Sequence[Scheme]",
    per_channel: bool,
    calibrate: list[Path] | None,
    floors: tuple[float | None, float | None, float | None],
    explain: bool,
) -> "Quantization":
    """Put options together. Raises UsageError for those that do nothing for the scheme."""
    from dlconv import pipeline
    from dlconv.convert.quantize.scheme import Floors, Quantization, Scheme, scheme_for
    from dlconv.errors import UsageError

    scheme = scheme_for(option, schemes)
    useless = {
        "--per-channel": per_channel and scheme is not Scheme.UINT8,
        "--calibrate": bool(calibrate) and not scheme.is_calibrated,
        "--floor-...": scheme is not Scheme.AUTO and any(floor is not None for floor in floors),
        "--explain-quantization": explain and not scheme.is_calibrated,
    }
    for name, is_useless in useless.items():
        if is_useless:
            raise UsageError(f"{name} does nothing with --quantize {option}")
    agreement, worst, miou = floors
    return Quantization(
        scheme=scheme,
        per_channel=per_channel,
        photos=pipeline.photos_for(calibrate) if calibrate else None,
        floors=Floors(Floors.agreement if agreement is None else agreement, worst, miou),
        explain=explain,
    )


def _interface(
    input_size: str | None, input_type: str | None, output: str, output_type: str | None
) -> "Interface":
    from dlconv.convert.interface import Interface, parse_size

    size = None if input_size is None else parse_size(input_size)
    return Interface(size, input_type, output, output_type)


def _registry(extra: Path | None) -> "Registry":
    from dlconv.models.registry import load_registry

    return load_registry(extra)


def _fetch(
    name: str | None,
    registry: Path | None,
    mirror: str | None,
    offline: bool,
    force: bool,
    lock: Path | None,
) -> "FetchedModel":
    from dlconv import console
    from dlconv.models.fetch import fetch
    from dlconv.models.progress import show_progress
    from dlconv.models.registry import DEFAULT_MODEL

    model = _registry(registry).find(name or DEFAULT_MODEL)
    with show_progress(model.name) as progress:
        return fetch(
            model,
            mirror=mirror,
            offline=offline,
            force=force,
            lock=lock,
            progress=progress,
            say=console.say,
        )


@contextmanager
def _going_on_later() -> "Iterator[None]":
    try:
        yield
    except KeyboardInterrupt as error:
        raise DlconvError("interrupted", "what is done is kept: go on with --resume") from error


def _workers(count: int | None, dask: str | None) -> "AbstractContextManager[Workers | None]":
    from dlconv.errors import UsageError
    from dlconv.verify.workers import dask_cluster, processes

    if count and dask:
        raise UsageError("--workers and --dask exclude each other")
    if dask:
        return dask_cluster(dask)
    return processes(count) if count and count > 1 else nullcontext()


def _say_skipped(error: "RuntimeMissingError") -> None:
    from dlconv import console

    console.say(f"skipped: {error}")


def _photo_progress(artifact: "Artifact", choice: "Choice") -> "AbstractContextManager[Progress]":
    from dlconv import console

    what = f"{artifact.manifest.source.model} {artifact.title}"
    return console.photo_progress(f"checking {what} in {choice.name}")


def _print_made(made: "Made", explain: bool, json: bool) -> None:
    """Print an artifact; say what a calibration warns of, and show what it found."""
    from dlconv import console
    from dlconv.convert.quantize import explain as tables

    if made.learned is not None:
        for warning in made.learned.calibration.warnings:
            console.say(f"warning: {warning}")
        if made.learned.found is not None and not json:
            show(tables.curve_table(made.learned.found))
    if explain and not json:
        show(tables.tensor_table(made.artifact.manifest.tensors))
    _print_artifact(made.artifact, json)


def _print_artifact(artifact: "Artifact", json: bool) -> None:
    if json:
        show(artifact.as_data())
    else:
        typer.echo(f"{artifact.entry} ({artifact.bytes:,} bytes in {artifact.directory})")


def _report(
    results: "list[ArtifactResult]",
    files: list[Path],
    json: bool,
    with_photos: bool,
) -> None:
    from dlconv.verify import document, report
    from dlconv.verify.report_files import write_reports

    write_reports(results, files)
    if json:
        show(document.as_data(results))
    else:
        show(*report.tables(results, with_photos))
        for entry in dict.fromkeys(result.artifact.entry for result in results):
            typer.echo(str(entry))
    for result in results:
        for failure in result.failures:
            where = f"{result.artifact.entry} in {result.place}"
            typer.echo(f"failed: {where}: {failure}", err=True)
    if not all(result.passed for result in results):
        raise typer.Exit(1)
