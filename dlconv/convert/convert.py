"""Making an artifact of a frozen graph, in a place that its name says.

The graph is kept in the cache, as what the artifact is compared with.
"""

from pathlib import Path

from dlconv.artifacts.choose import ARTIFACTS_ROOT, CURVE_SUFFIX
from dlconv.artifacts.frozen import FrozenGraph, model_name
from dlconv.artifacts.manifest import Artifact, Source, coarsest
from dlconv.cache import store
from dlconv.convert.artifact import Made, make_onnx, make_onnx_file, make_tfjs, make_upgraded
from dlconv.convert.interface import OWN_INTERFACE, Interface
from dlconv.convert.quantize.plot import curve_svg
from dlconv.convert.quantize.scheme import NOT_QUANTIZED, Quantization
from dlconv.convert.targets.onnx import DEFAULT_OPSET
from dlconv.errors import DlconvError
from dlconv.formats.layout_2018 import GRAPH_NAME, Layout2018, find_layout_2018, read_layout_2018
from dlconv.formats.tfjs_weights import stored_floats
from dlconv.progress import StepProgress, no_progress
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import write_atomically


def artifact_name(
    target: str, quantization: Quantization, interface: Interface, made_by: str = ""
) -> str:
    """Return the name of the folder that an artifact has below its model's."""
    return "-".join(filter(None, [target, quantization.name, interface.name, made_by]))


def convert_to_tfjs(
    frozen: FrozenGraph,
    quantization: Quantization = NOT_QUANTIZED,
    converter: str = "dlconv",
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    output: Path | None = None,
    root: Path = ARTIFACTS_ROOT,
    progress: StepProgress = no_progress,
) -> Made:
    """Make a TF.js artifact in ``output``, or in a folder of its own below ``root``."""
    made_by = "plain" if converter == "dlconv" and not rewriting else converter
    name = artifact_name("tfjs", quantization, interface, made_by.removeprefix("dlconv"))
    directory = output or root / frozen.source.model / name
    made = make_tfjs(frozen, directory, quantization, converter, interface, rewriting, progress)
    _draw_curve(made, directory)
    store.add_graph(frozen.path)
    return made


def _draw_curve(made: Made, place: Path) -> None:
    """Draw what a search tried beside the artifact."""
    found = made.learned.found if made.learned is not None else None
    if found is None:
        return
    target = place.with_name(f"{place.name}{CURVE_SUFFIX}")
    with disk_trouble(target):
        write_atomically(target, curve_svg(found))


def convert_to_onnx(
    frozen: FrozenGraph,
    quantization: Quantization = NOT_QUANTIZED,
    opset: int = DEFAULT_OPSET,
    interface: Interface = OWN_INTERFACE,
    rewriting: bool = True,
    output: Path | None = None,
    root: Path = ARTIFACTS_ROOT,
    progress: StepProgress = no_progress,
) -> Made:
    """Make an ONNX artifact: the file ``output``, or one in a folder of its own below ``root``."""
    name = artifact_name("onnx", quantization, interface, "" if rewriting else "plain")
    place = output or root / frozen.source.model / name
    make = make_onnx if output is None else make_onnx_file
    made = make(frozen, place, quantization, opset, interface, rewriting, progress)
    _draw_curve(made, place)
    store.add_graph(frozen.path)
    return made


def upgrade(directory: Path, output: Path | None = None, root: Path = ARTIFACTS_ROOT) -> Artifact:
    """Write a graph model of 2018 as TF.js of today loads it, in ``output`` or below ``root``.

    The graph that the model computes is kept in the cache, as what the artifact is compared with.
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
    """Keep the graph that a model of 2018 computes in the cache, and describe it."""
    content = old.graph_def.SerializeToString(deterministic=True)
    return Source(name, len(content), store.keep_graph(content))
