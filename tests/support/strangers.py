"""Small graphs that strangers' networks are made of, kept beside the project."""

from collections.abc import Iterator

import numpy as np
from support.shared import SHARED

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Source
from dlconv.convert.part import cut_out
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import Ends, Setting, TensorSpec
from dlconv.graph.graph import Graph
from dlconv.storage.files import digest_of

GRAPHS = SHARED / "graphs"
_WHOLE = [
    "batch4_quantize",
    "bn_training",
    "ceil_pad",
    "const_switch",
    "deconv_k1s2",
    "default_switch",
    "depth_to_space_default",
    "dequantize_weights",
    "fakequant",
    "fakequant_activations",
    "fakequant_weights",
    "group_conv",
    "maxpool_explicit",
    "nchw_conv",
    "nchw_pool",
    "nearest_int64",
    "nearest_two_thirds",
    "output_shapes",
    "placeholder_no_shape",
    "pool_argmax",
    "pooled_concat_identity",
    "print_node",
    "resize_uint8",
    "subgraph_names",
    "switch_merge",
    "training_default",
    "unpack",
]
# What a command has to say beside the name of the graph.
_CUT = [
    ("decode_cut", Ends("DecodeJpeg")),
    ("keep_prob", Ends(outputs=("smile",), settings=(Setting("keep_prob", 1),))),
    ("keep_prob", Ends(outputs=("attributes",), settings=(Setting("keep_prob", 1),))),
    ("queue_hint", Ends("fifo_queue_Dequeue")),
    ("train_switch", Ends(settings=(Setting("phase_train", False),))),
    ("training_default", Ends(settings=(Setting("training", False),))),
    ("two_outputs", Ends(outputs=("heatmaps",))),
    ("two_outputs", Ends(outputs=("keypoints",))),
]
# Graphs by name, with what a command has to say beside it.
GRAPHS_AND_ENDS = [*((name, Ends()) for name in _WHOLE), *_CUT]
# Where a size is free.
SIZES = (5, 12)


def part_of(name: str, ends: Ends) -> Graph:
    """The graph between its ends."""
    path = GRAPHS / f"{name}.pb"
    source = Source(name, path.stat().st_size, digest_of(path))
    return Graph(read_graph(cut_out(FrozenGraph(path, source), ends).path))


def images_for(spec: TensorSpec) -> Iterator[np.ndarray]:
    """An input of each size."""
    random = np.random.default_rng(0)
    default = (1, None, None, 3)
    for size in SIZES:
        stated = spec.shape or default
        free = dict(enumerate((1, size, size + 2, 3)[4 - len(stated) :]))
        shape = [extent or free[axis] for axis, extent in enumerate(stated)]
        values = random.normal(scale=3, size=shape)
        yield (values if spec.dtype.startswith("float") else abs(values) * 40).astype(spec.dtype)
