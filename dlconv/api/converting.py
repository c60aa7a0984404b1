"""Converting a frozen graph, and what comes before: rewriting it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact, Manifest
from dlconv.convert import convert as conversions
from dlconv.convert.artifact import Made
from dlconv.convert.rewrite import rewrite as every_pass
from dlconv.fetch.find import find_frozen_graph
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.progress import Say, StepProgress, no_progress
from dlconv.recipe import Recipe
from dlconv.registry.classes import dataset_of
from dlconv.registry.models import load_registry
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import new_file
from dlconv.verify.calibration import photos_for
from dlconv.verify.photos import find_pictures, skipped_line
from dlconv.verify.written import check_written


def convert(
    frozen: FrozenGraph,
    recipe: Recipe,
    output: Path | None = None,
    *,
    photos: Sequence[Path] = (),
    explain: bool = False,
    check: bool = False,
    progress: StepProgress = no_progress,
    say: Say = no_progress,
) -> Made:
    """Make an artifact of a frozen graph, as a recipe says.

    ``output`` is a folder, or for ONNX and LiteRT a file that ends in ``.onnx`` or ``.tflite``;
    without it, the artifact goes to the folder ``artifacts/MODEL/`` below the working folder, under
    the recipe's name. ``photos`` are files and folders to calibrate on, by default generated images
    are used; with ``explain``, the manifest says what rounding each tensor alone costs. With
    ``check``, the artifact is run once in its default runtime beside the frozen graph in
    TensorFlow, on a generated input, and is only put into its place if it gives the same; what is
    returned has what was ``checked``.
    ``progress`` is called with a step's name, how much of it is done, and its total; ``say`` gets
    lines for a person.

    Raises UsageError for an invalid output or recipe, DlconvError for a graph that cannot be cut,
    converted or quantized, and for an artifact that fails its check.

    >>> made = api.convert(api.find("sample"), api.Recipe("tfjs"))
    >>> made.artifact.title
    'tfjs float32'
    """
    load = None
    if photos:
        found = find_pictures(photos)
        load = photos_for(found.photos)
        if found.skipped:
            say(skipped_line(found.skipped))
    made = conversions.convert(
        frozen,
        recipe,
        output,
        photos=load,
        explain=explain,
        progress=progress,
        check=check_written if check else None,
    )
    line = _about_classes(made.artifact.manifest, frozen.classes)
    if line is not None:
        say(line)
    return made


def _about_classes(manifest: Manifest, known: tuple[str, ...]) -> str | None:
    """Return what a person should know of the names of the classes, ``known`` before."""
    named, count = len(manifest.classes), manifest.contract.classes
    if named and not known:
        dataset = dataset_of(manifest.classes, load_registry().datasets)
        title = "a dataset" if dataset is None else dataset.title
        return f"the {named} classes are taken for those of {title}; if they are not, name them"
    if named and count not in (None, named):
        return f"warning: the graph has {count} classes, and {named} have names"
    return None


def rewrite(
    model: str | Path | None,
    output: Path,
    *,
    only: Iterable[str] = (),
    registry: Path | None = None,
) -> None:
    """Write a frozen graph that computes the same, faster: what ``convert`` writes.

    ``model`` is as for ``find``; ``only`` names the passes to run, by default all of them. Raises
    UsageError for an unknown pass, DlconvError where there is no such graph.

    >>> api.rewrite("sample", folder / "faster.pb", only=["fold-batch-norms"])
    >>> (folder / "faster.pb").stat().st_size > 500_000
    True
    """
    frozen = find_frozen_graph(None if model is None else str(model), load_registry(registry))
    names = tuple(only)
    passes = every_pass.only(*names) if names else every_pass
    graph = passes(Graph(read_graph(frozen.path))).graph
    with disk_trouble(output), new_file(output) as file:
        file.writelines(graph.serialized())


def upgrade(directory: Path, output: Path | None = None) -> Artifact:
    """Convert a TensorFlow.js graph model of 2018 to the format that TF.js loads today.

    The weights stay as they are. The model's graph is kept in the cache, so that ``verify`` can
    compare the artifact with it. Raises DlconvError where there is no such model, UsageError for an
    ``output`` that holds something else.
    """
    return conversions.upgrade(directory, output)
