"""Recognizing other models by their names, where a frozen graph is wanted, and what to do then.

A folder is searched no deeper than zoo tarballs unpack to; files are not read. Files with
misleading names are recognized by their first bytes (``kinds``).
"""

from itertools import islice
from pathlib import Path

from dlconv.formats.kinds import Kind

FROZEN = "frozen_inference_graph.pb"
MOST_ENTRIES = 10_000
_FREEZE = "freeze it, in Python: tensorflow's convert_variables_to_constants_v2, then write_graph"
_EXPORT = "it holds variables: export it with DeepLab's export_model.py, or freeze_graph"
_KERAS = Kind("a Keras model", _FREEZE)
_CHECKPOINT = Kind("part of a checkpoint", _EXPORT)
_BY_SUFFIX = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".index": _CHECKPOINT,
    ".meta": _CHECKPOINT,
    ".ckpt": _CHECKPOINT,
}


def kind_by_name(path: Path) -> Kind | None:
    """Return the kind of a file that dlconv does not convert, by its name; None for any other."""
    if path.name == "checkpoint" or path.suffix.startswith(".data-"):
        return _CHECKPOINT
    return _BY_SUFFIX.get(path.suffix.lower())


def kind_of_folder(folder: Path) -> Kind:
    """Tell what a folder holds, and what to do with it."""
    try:
        found = sorted(_files_in(folder))
    except OSError:
        found = []
    for path in found:
        if path.name.endswith(FROZEN):
            return Kind("a folder with a frozen graph", f"give the file in it: {path}")
    for path in found:
        if path.name == "saved_model.pb":
            hint = f"{_FREEZE}; dlconv inspect reads it as it is"
            return Kind("a SavedModel", hint)
    for path in found:
        kind = kind_by_name(path)
        if kind is not None:
            what = "a Keras model" if kind is _KERAS else "a checkpoint"
            return Kind(f"a folder with {what}", kind.hint)
    for path in found:
        if path.suffix == ".pb":
            return Kind("a folder", f"give a file in it: {path}")
    if any(path.name == "model.json" for path in found):
        return Kind("a TF.js model", "give the frozen graph that it was made from")
    return Kind("a folder", f"give the file of the graph, a *{FROZEN}")


def _files_in(folder: Path) -> list[Path]:
    inside = list(islice(folder.iterdir(), MOST_ENTRIES))
    deeper = (each for path in inside if path.is_dir() for each in path.iterdir())
    return [path for path in (*inside, *islice(deeper, MOST_ENTRIES)) if not path.is_dir()]
