"""Placeholders that are given a value: what a graph asks for besides its image.

Graphs that were exported as they were trained ask whether they train (``is_training``), or how much
dropout keeps (``keep_prob``). With a value they become constants, and the graph one of an image.
"""

import json
from collections.abc import Sequence

import numpy as np
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.contract import Setting, element_type
from dlconv.graph.edit import const
from dlconv.graph.graph import attribute
from dlconv.graph.tensors import extents_of

PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})


def with_settings(graph_def: GraphDef, settings: Sequence[Setting]) -> GraphDef:
    """Return a graph whose placeholders of these names are constants.

    Raises DlconvError for a node that is no placeholder, and a value that it does not take.
    """
    values = {setting.node: setting.value for setting in settings}
    made = GraphDef(versions=graph_def.versions, library=graph_def.library)
    made.node.extend(
        _constant(node, values[node.name]) if node.name in values else node
        for node in graph_def.node
    )
    return made


def text_of(setting: Setting) -> str:
    """Return a value as it is written on the command line, and as JSON."""
    return json.dumps(setting.value)


def _constant(node: NodeDef, value: bool | int | float) -> NodeDef:
    if node.op not in PLACEHOLDERS:
        raise DlconvError(f"{node.name} ({node.op}) is no placeholder that could be given a value")
    shape = extents_of(attribute(node, "shape").shape) or ()
    sizes = [extent for extent in shape if extent is not None]
    if len(sizes) < len(shape):
        raise DlconvError(f"{node.name} cannot be given one value: its shape varies, {list(shape)}")
    return const(node.name, np.full(sizes, _typed(node, value)))


def _typed(node: NodeDef, value: bool | int | float) -> np.ndarray:
    """Return a value in the type of a placeholder. Raises DlconvError if it would be another."""
    name = element_type(node)
    kinds = {"b": (bool,), "i": (int,), "u": (int,), "f": (int, float)}
    kind = np.dtype(name).kind if name in np.sctypeDict else ""
    is_number = isinstance(value, kinds.get(kind, ())) and isinstance(value, bool) == (kind == "b")
    if is_number and kind in "iu":
        is_number = np.iinfo(name).min <= value <= np.iinfo(name).max
    if not is_number:
        raise DlconvError(f"{node.name} takes {name}, not {json.dumps(value)}")
    return np.array(value, name)
