"""What ``dlconv inspect`` does: shows a model, compares two, or opens a graph in a viewer.

An option says which of these; the others go with some of them, and are wrong usage with the rest.
"""

import dataclasses
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType

from dlconv import pipeline, serving
from dlconv.convert import coverage_report
from dlconv.convert.coverage import Coverage
from dlconv.convert.targets.onnx import DEFAULT_OPSET
from dlconv.errors import DlconvError, UsageError
from dlconv.formats.read import read_network
from dlconv.graph.contract import Asked
from dlconv.graph.sizes import Size
from dlconv.inspect import document, network_report, report, tensorboard, viewers
from dlconv.inspect.markdown import as_markdown
from dlconv.terminal import console
from dlconv.terminal.output import show, tell, write
from dlconv.terminal.tables import Group

if TYPE_CHECKING:
    from dlconv.convert.artifact import FrozenGraph
    from dlconv.registry.models import Registry

DIFF, VIEW, TENSORBOARD, LOGDIR, ONE = "--diff", "--view", "--tensorboard", "--logdir", ""
OPTIONS: Mapping[str, frozenset[str]] = {
    DIFF: frozenset({"--json", "--markdown"}),
    VIEW: frozenset({"--artifact", "--image", "--port", "--no-open"}),
    TENSORBOARD: frozenset({"--logdir", "--inputs", "--outputs", "--port", "--no-open"}),
    LOGDIR: frozenset({"--inputs", "--outputs"}),
    ONE: frozenset({"--input-size", "--inputs", "--outputs", "--opset", "--check"})
    | {"--json", "--markdown"},
}
VIEWERS = ("netron", "model-explorer")


def mode_of(given: Collection[str]) -> str:
    """Return the option that says what to do; ``ONE`` shows a model.

    Raises UsageError for options that do nothing with it.
    """
    mode = next((mode for mode in OPTIONS if mode in given), ONE)
    for option in given:
        if option == mode or option in OPTIONS[mode]:
            continue
        if mode:
            raise UsageError(f"{option} does nothing with {mode}")
        modes = [name for name, options in OPTIONS.items() if option in options]
        raise UsageError(f"{option} does nothing without {' or '.join(modes)}")
    if {"--json", "--markdown"} <= {*given}:
        raise UsageError("--json and --markdown exclude each other")
    return mode


@dataclass(frozen=True)
class Question:
    """What is asked of one model; None leaves it to what is found, or to the default.

    ``check`` makes an op that some target cannot run an error.
    """

    asked: Asked
    size: Size | None
    opset: int | None
    check: bool


def show_one(
    model: str | None, question: Question, registry: "Registry", json: bool, markdown: bool
) -> None:
    """Print what a model holds; of a frozen graph, the contract and the stages say it all."""
    with pipeline.find_subject(model, registry) as subject:
        frozen = subject.frozen
        if frozen is not None:
            part = pipeline.cut_out(frozen, question.asked)
            subject = dataclasses.replace(subject, entry=part.path, frozen=part)
        if frozen is None and question != Question(Asked(), question.size, None, False):
            raise UsageError("--inputs, --outputs, --opset and --check are for frozen graphs")
        # One after the other: each holds the graph in memory while it looks.
        data = _data(subject, question) if json else {}
        title, parts = ("", []) if json else _tables(subject, question)
        coverage = None if subject.frozen is None else _coverage(subject.frozen, question)
        if coverage is not None:
            data["coverage"] = coverage_report.coverage_data(coverage)
            parts.append(coverage_report.coverage_tables(coverage))
        if json:
            show(data)
        else:
            _show_tables(title, Group(*parts), markdown)
    if question.check and coverage is not None and coverage.uncovered:
        for line in coverage_report.gap_lines(coverage):
            console.say(line)
        raise typer.Exit(1)


def _data(subject: pipeline.Subject, question: Question) -> dict[str, Any]:
    network = read_network(subject.entry)
    inspection = None
    if subject.frozen is not None or network.contract is not None:
        inspection = pipeline.inspect_network(network, question.size, question.asked)
    if question.size is not None and inspection is None:
        raise _no_size()
    graph = None
    if subject.frozen is not None:
        graph = {"path": subject.origin, **dataclasses.asdict(subject.frozen.source)}
    return document.as_data(subject.origin, network, inspection, graph)


def _tables(subject: pipeline.Subject, question: Question) -> tuple[str, list[RenderableType]]:
    if subject.frozen is not None:
        inspection = pipeline.inspect(subject.frozen, question.size, question.asked)
        return f"{subject.name}: {subject.origin}", [report.tables(inspection)]
    network = read_network(subject.entry)
    found = pipeline.inspect_network(network, question.size) if network.contract else None
    if question.size is not None and found is None:
        raise _no_size()
    return subject.name, [network_report.network_tables(network, found)]


def _no_size() -> UsageError:
    return UsageError("--input-size is for models with a graph of TensorFlow's")


def _coverage(frozen: "FrozenGraph", question: Question) -> Coverage | None:
    """Find the op coverage; where that fails and it is not needed, say so and return None."""
    try:
        return pipeline.cover(frozen, DEFAULT_OPSET if question.opset is None else question.opset)
    except UsageError:
        raise
    except DlconvError as error:
        if question.check:
            raise
        console.say(f"op coverage is not known: {error}")
        return None


def show_difference(models: list[str], registry: "Registry", json: bool, markdown: bool) -> None:
    """Print what differs between two models, or between the one fetched last and another."""
    if len(models) not in (1, 2):
        raise UsageError("--diff takes two models", "dlconv inspect --diff BEFORE AFTER")
    first, second = models if len(models) == 2 else (None, models[0])
    with (
        pipeline.find_subject(first, registry) as before,
        pipeline.find_subject(second, registry) as after,
    ):
        with console.steps("comparing") as told:
            found = pipeline.compare_subjects(
                before,
                after,
                lambda done, total: told("kB compressed", done // 1000, total // 1000),
            )
        if json:
            show(document.comparison_data((before.origin, after.origin), found))
        else:
            tables = network_report.comparison_tables(found)
            _show_tables(f"{before.origin} > {after.origin}", tables, markdown)


def _show_tables(title: str, tables: RenderableType, markdown: bool) -> None:
    if markdown:
        write(as_markdown(title, tables))
    else:
        tell(title)
        show(tables)


@contextmanager
def frozen_graph(model: str | None, mode: str, registry: "Registry") -> "Iterator[FrozenGraph]":
    """Yield a model's frozen graph. Raises UsageError for a model of another format."""
    with pipeline.find_subject(model, registry) as subject:
        if subject.frozen is None:
            raise UsageError(f"{mode} is for frozen graphs")
        yield subject.frozen


def show_in_tensorboard(
    frozen: "FrozenGraph",
    asked: Asked,
    logdir: Path | None,
    serve: bool,
    port: int | None,
    opens: bool,
) -> None:
    """Write the event file, and show it in TensorBoard until Ctrl-C."""
    place: AbstractContextManager[Any]
    place = tempfile.TemporaryDirectory(prefix="dlconv-") if logdir is None else nullcontext(logdir)
    with place as folder:
        found = pipeline.write_event(frozen, Path(folder), asked)
        if not serve:
            tell(str(folder))
            return
        with serving.until_stopped():
            with console.step("starting TensorBoard"):
                address = tensorboard.start_tensorboard(Path(folder), port or tensorboard.ANY_PORT)
            outputs = ", ".join(spec.node for spec in found.outputs)
            tell(address)
            tell(f"input:  {found.input.node}")
            tell(f"output: {outputs}")
            if opens:
                serving.open_page(address)
            console.say("they stand beside the stages; Color by Device tells the stages apart")
            console.say("Ctrl-C stops it")
            serving.wait()


def show_in_viewer(
    frozen: "FrozenGraph",
    viewer: str,
    artifact: Path | None,
    images: list[Path],
    registry: "Registry",
    port: int | None,
    opens: bool,
) -> None:
    """Show a frozen graph in a viewer until Ctrl-C."""
    if viewer not in VIEWERS:
        raise UsageError(f"there is no viewer {viewer!r}; there are {', '.join(VIEWERS)}")
    if artifact is not None and viewer != "model-explorer":
        raise UsageError(f"--artifact does nothing with {viewer}")
    if images and artifact is None:
        raise UsageError("--image does nothing without --artifact")
    if viewer == "netron":
        started = viewers.netron(frozen.path, port)
    else:
        with console.steps("collecting node data") as told:
            overlays = pipeline.overlays(
                frozen, artifact, images, registry, lambda done, total: told("nodes", done, total)
            )
        started = viewers.model_explorer(frozen.path, frozen.source.model, overlays, port)
    with serving.until_stopped(), started as address:
        tell(address)
        if opens:
            serving.open_page(address)
        console.say("Ctrl-C stops it")
        serving.wait()
