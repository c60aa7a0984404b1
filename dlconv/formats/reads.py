"""The files that a runtime reads when it loads an artifact.

The entry names them: a TF.js graph model its shards, an ONNX file those with values of its tensors,
a frozen graph none. No weights are read.
"""

from collections.abc import Collection
from pathlib import Path

from dlconv.formats.external_data import external_files
from dlconv.formats.layout_2018 import GRAPH_NAME, WEIGHTS_NAME, read_groups
from dlconv.formats.model_json import read_manifest
from dlconv.formats.onnx_file import load_onnx
from dlconv.formats.tfjs_weights import shards_of


def files_read(entry: Path, target: str) -> tuple[str, ...]:
    """Return the names of the files, all in one folder, the entry first.

    Raises DlconvError when the entry is not of its target, or names a file that is not beside it.
    """
    if target == "onnx":
        return (entry.name, *external_files(load_onnx(entry), str(entry)))
    if target != "tfjs":
        return (entry.name,)
    if entry.name == GRAPH_NAME:
        groups = read_groups(entry.with_name(WEIGHTS_NAME))
        return (entry.name, WEIGHTS_NAME, *shards_of(groups))
    return (entry.name, *shards_of(read_manifest(entry)))


def complaint_about_reads(entry: Path, target: str, listed: Collection[str]) -> str | None:
    """Return how an artifact's list of files differs from those that its entry reads, or None.

    Raises what ``files_read`` does.
    """
    read = files_read(entry, target)
    for name in read:
        if name not in listed:
            return f"reads {name}, which its manifest does not list"
    for name in listed:
        if name not in read:
            return f"does not read {name}, which its manifest lists"
    return None
