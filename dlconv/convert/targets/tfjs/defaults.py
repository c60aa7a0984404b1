"""Writes out attributes that TensorFlow takes to be something, and TF.js to be something else.

A node lacks an attribute that is at its default: older graphs do not have it yet, and exports strip
it. TF.js has defaults of its own: an epsilon of 0.001 in a batch norm, none for the format of
DepthToSpace, which it then cannot run. So what TensorFlow takes is written where TF.js's op lists
say another value, or none (tfjs-converter, ``operations/op_list``).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.definitions import default_of
from dlconv.web import tfjs_operations


def state_defaults(node: NodeDef) -> None:
    """Give a node the attributes that it lacks and TF.js would take to be something else."""
    for key, value in _to_be_stated(node.op).items():
        if key not in node.attr:
            node.attr[key].CopyFrom(value)


@cache
def _to_be_stated(op: str) -> Mapping[str, AttrValue]:
    read = _defaults_of_tfjs().get(op, {})
    meant = {key: default_of(op, key) for key in read}
    return {
        key: value
        for key, value in meant.items()
        if value is not None and not _is_the_same(value, read[key])
    }


@cache
def _defaults_of_tfjs() -> Mapping[str, Mapping[str, Any]]:
    return tfjs_operations().defaults


def _is_the_same(meant: AttrValue, taken: Any) -> bool:
    """Tell whether a default of TensorFlow's is what TF.js takes; None stands for nothing."""
    if meant.HasField("shape"):
        return taken is None and meant.shape.unknown_rank
    if taken is None or meant.HasField("type"):
        return False
    if meant.HasField("f"):
        return bool(np.float32(meant.f) == np.float32(taken))
    if meant.HasField("list"):
        return bool([*meant.list.i, *meant.list.s] == taken)
    value = meant.s.decode() if meant.HasField("s") else meant.b or meant.i
    return bool(taken == value)
