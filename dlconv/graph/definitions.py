"""TensorFlow's own definitions of its operations, without importing TensorFlow.

An OpDef says what a node of an op takes and gives, and which attributes it has, with their
defaults (tensorflow/core/framework/op_def.proto). Graphs may lack attributes that are at their
default: older versions did not have them yet, and exports strip them (``strip_default_attrs``).
``extract_definitions`` makes the data, of all ops that TensorFlow registers.
"""

import gzip
from functools import cache
from pathlib import Path

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.op_def_pb2 import OpDef, OpList

DATA = Path(__file__).with_name("definitions.pb.gz")

# What TF.js calls an op that TensorFlow has under another name.
_NAMES_IN_TFJS = {"FusedDepthwiseConv2dNative": "_FusedDepthwiseConv2dNative"}


def definition_of(op: str) -> OpDef | None:
    """Return the definition of an op, not to be changed; None if TensorFlow has no such op."""
    return _definitions().get(_NAMES_IN_TFJS.get(op, op))


def default_of(op: str, key: str) -> AttrValue | None:
    """Return the default of an op's attribute, not to be changed; None if there is none."""
    return _defaults(op).get(key)


def is_required(op: str, key: str) -> bool:
    """Tell whether every node of an op has to state an attribute, since there is no default."""
    definition = definition_of(op)
    attributes = definition.attr if definition is not None else ()
    return any(each.name == key and not each.HasField("default_value") for each in attributes)


@cache
def _definitions() -> dict[str, OpDef]:
    found = OpList.FromString(gzip.decompress(DATA.read_bytes()))
    return {definition.name: definition for definition in found.op}


@cache
def _defaults(op: str) -> dict[str, AttrValue]:
    definition = definition_of(op)
    attributes = definition.attr if definition is not None else ()
    return {each.name: each.default_value for each in attributes if each.HasField("default_value")}
