"""TF.js graph models in the layout of 2018, as tensorflowjs_converter 0.x wrote them."""

import json
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.convert.stored import WeightType, store
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.graph.tensors import array_of

WRITTEN_AS = {"float64": np.float32, "int64": np.int32}
VALUES = ("tensor_content", "float_val", "double_val", "int_val", "int64_val", "bool_val")


def write_layout_2018(
    graph: GraphDef,
    directory: Path,
    precision: WeightType = WeightType.FLOAT32,
    shard_bytes: int = 4 << 20,
) -> Path:
    """Take the values out of the constants behind the output, and write them to shards."""
    directory.mkdir(parents=True, exist_ok=True)
    view = Graph(graph)
    needed = prune(view, find_contract(view)).graph.nodes.values()
    bare = GraphDef(node=needed, versions=graph.versions)
    weights, content = [], b""
    for node in bare.node:
        if node.op != "Const":
            continue
        tensor = node.attr["value"].tensor
        values = array_of(tensor)
        values = values.astype(WRITTEN_AS.get(values.dtype.name, values.dtype))
        entry = {"name": node.name, "shape": list(values.shape), "dtype": values.dtype.name}
        if values.dtype == np.float32 and precision is not WeightType.FLOAT32:
            stored = store(values, precision)
            codes = {"min": stored.minimum, "scale": stored.scale, "dtype": precision.value}
            entry["quantization"] = codes
            values = stored.codes
        weights.append(entry)
        content += values.tobytes()
        for field in VALUES:
            tensor.ClearField(field)
    shards = [content[k : k + shard_bytes] for k in range(0, len(content), shard_bytes)]
    paths = [f"group1-shard{k + 1}of{len(shards)}" for k in range(len(shards))]
    for path, shard in zip(paths, shards, strict=True):
        (directory / path).write_bytes(shard)
    (directory / "tensorflowjs_model.pb").write_bytes(bare.SerializeToString())
    manifest = [{"paths": paths, "weights": weights}]
    (directory / "weights_manifest.json").write_text(json.dumps(manifest))
    return directory
