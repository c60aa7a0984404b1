"""Converting: an artifact is made of a frozen graph by a recipe, and put into its place.

The graph is stored in the cache, where verification finds it as the reference of the artifact, and
the tries of a search for precisions are drawn beside the artifact.
"""

from pathlib import Path

from dlconv.artifacts.choose import ARTIFACTS_ROOT, CURVE_SUFFIX
from dlconv.artifacts.frozen import FrozenGraph, model_name
from dlconv.artifacts.manifest import Artifact, Source, coarsest
from dlconv.cache import store
from dlconv.convert.artifact import Learning, Made, make_artifact, make_upgraded
from dlconv.convert.checked import Check
from dlconv.convert.part import cut_out
from dlconv.convert.place import FILE_SUFFIXES, check_file
from dlconv.convert.quantize.images import LoadImages
from dlconv.convert.quantize.plot import curve_svg
from dlconv.errors import DlconvError
from dlconv.formats.layout_2018 import GRAPH_NAME, Layout2018, find_layout_2018, read_layout_2018
from dlconv.formats.tfjs_weights import stored_floats
from dlconv.progress import StepProgress, no_progress
from dlconv.recipe import Recipe
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import write_atomically


def convert(
    frozen: FrozenGraph,
    recipe: Recipe,
    output: Path | None = None,
    root: Path = ARTIFACTS_ROOT,
    photos: LoadImages | None = None,
    explain: bool = False,
    progress: StepProgress = no_progress,
    check: Check | None = None,
) -> Made:
    """Make an artifact in ``output``, or in a folder of its own below ``root``.

    ``output`` is a folder, or for ONNX and LiteRT a file that ends in ``.onnx`` or ``.tflite``.
    ``photos`` loads those to calibrate on, None stands for generated images; ``explain`` measures
    what rounding each tensor alone costs; ``check`` runs the artifact before it gets its place.
    Raises UsageError for an invalid place or choice, DlconvError when the graph cannot be cut,
    converted or quantized, and what ``check`` does.
    """
    suffix = FILE_SUFFIXES.get(recipe.target)
    if suffix is not None and output is not None:
        check_file(output, suffix)
    part = cut_out(frozen, recipe.ends)
    place = output or root / part.source.model / recipe.name
    made = make_artifact(part, recipe, place, Learning(photos, explain, progress), check)
    _draw_curve(made, place)
    store.add_graph(part.path)
    return made


def _draw_curve(made: Made, place: Path) -> None:
    """Draw the tries of a search in a file beside the artifact."""
    found = made.learned.found if made.learned is not None else None
    if found is None:
        return
    target = place.with_name(f"{place.name}{CURVE_SUFFIX}")
    with disk_trouble(target):
        write_atomically(target, curve_svg(found))


def upgrade(directory: Path, output: Path | None = None, root: Path = ARTIFACTS_ROOT) -> Artifact:
    """Write a graph model of 2018 as TF.js of today loads it, in ``output`` or below ``root``.

    The graph that the model computes is stored in the cache, as the reference of the artifact.
    Raises DlconvError when there is no such model at ``directory``.
    """
    found = find_layout_2018(directory)
    if found is None:
        raise DlconvError(f"there is no {GRAPH_NAME} at {directory}")
    old = read_layout_2018(found)
    name = model_name(found.resolve().name)
    source = _keep_graph_of(old, name)
    precision = coarsest(stored_floats(old.groups))
    return make_upgraded(old, source, output or root / name / f"tfjs-{precision}-upgraded")


def _keep_graph_of(old: Layout2018, name: str) -> Source:
    """Store the graph that a model of 2018 computes in the cache, and describe it."""
    content = old.graph_def.SerializeToString(deterministic=True)
    return Source(name, len(content), store.keep_graph(content))
