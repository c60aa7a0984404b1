"""The formats that inspect reads: which one is at a path, and its network.

A frozen graph, a TF.js graph model of today's layout or that of 2018, a SavedModel, ONNX and
LiteRT. A folder stands for the model in it.
"""

from collections.abc import Callable
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.formats import layout_2018, saved_model
from dlconv.formats.graph_files import read_frozen_graph, read_tfjs, read_tfjs_2018
from dlconv.formats.network import Network
from dlconv.formats.onnx_file import read_onnx
from dlconv.formats.others import FROZEN, kind_by_name, kind_of_folder
from dlconv.formats.tflite_file import read_tflite

# The files that are looked for in a folder, in this order.
ENTRIES = (
    "model.json",
    layout_2018.GRAPH_NAME,
    saved_model.GRAPH_NAME,
    "model.onnx",
    "model.tflite",
    "frozen_inference_graph.pb",
)
HINT = (
    "dlconv inspects frozen graphs (.pb), their tarballs (.tar.gz), SavedModels, TF.js graph "
    "models, ONNX files and LiteRT files (.tflite)"
)


def find_entry(path: Path) -> Path:
    """Return the file that stands for the model at ``path``, a file or a folder.

    Raises DlconvError when there is none.
    """
    if not path.is_dir():
        if path.is_file():
            return path
        raise DlconvError(f"there is no model at {path}", HINT)
    for name in ENTRIES:
        if (path / name).is_file():
            return path / name
    deeper = (folder for folder in sorted(path.iterdir()) if folder.is_dir())
    for folder in deeper:
        if any((folder / name).is_file() for name in ENTRIES if name != FROZEN):
            raise DlconvError(f"{path} is a folder without a model", f"give one in it: {folder}")
    kind = kind_of_folder(path)
    if kind.name != "a folder":
        raise DlconvError(f"{path} is {kind.name}, which dlconv does not inspect", kind.hint)
    raise DlconvError(f"{path} is a folder without a model", HINT)


def is_named_as_file(spec: str) -> bool:
    """Tell whether a name has the ending of a file that is read here."""
    return Path(spec).suffix in _READERS or Path(spec).name in _READERS


def is_frozen_graph(entry: Path) -> bool:
    """Tell by its name, which ends in .pb or has no ending, whether a file is a frozen graph."""
    return entry.suffix in ("", ".pb") and entry.name not in _READERS and not entry.is_dir()


def read_network(path: Path) -> Network:
    """Read the network at ``path``, a file or a folder.

    Raises DlconvError when there is none, or its files are invalid.
    """
    entry = find_entry(path)
    reader = _READERS.get(entry.name) or _READERS.get(entry.suffix)
    if is_frozen_graph(entry):
        reader = read_frozen_graph
    kind = kind_by_name(entry)
    if kind is not None:
        raise DlconvError(f"{entry} is {kind.name}, which dlconv does not read", kind.hint)
    if reader is None:
        raise DlconvError(f"{entry} is named like no format that dlconv reads", HINT)
    return reader(entry)


_READERS: dict[str, Callable[[Path], Network]] = {
    layout_2018.GRAPH_NAME: read_tfjs_2018,
    layout_2018.WEIGHTS_NAME: read_tfjs_2018,
    saved_model.GRAPH_NAME: saved_model.read_saved_model,
    ".json": read_tfjs,
    ".onnx": read_onnx,
    ".tflite": read_tflite,
    ".pb": read_frozen_graph,
}
