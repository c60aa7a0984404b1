"""A TF.js graph model in the layout of 2018 becomes one that TF.js of today loads.

The shards stay as they are, byte for byte, and with them the codes and scales of a quantized model:
``model.json`` says in today's words what they hold.
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dlconv.convert.targets.tfjs.write import write_model_json
from dlconv.errors import DlconvError
from dlconv.formats.layout_2018 import Layout2018
from dlconv.formats.tfjs_weights import Encoding, Weight
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph

# Element types that TF.js of today has only as codes, and the types in which it holds them.
HELD_AS = {"uint8": "int32", "uint16": "int32", "float16": "float32"}


def write_upgraded(old: Layout2018, graph: Graph, contract: Contract, directory: Path) -> None:
    """Write ``model.json`` and copies of the shards into an existing, empty directory.

    ``graph`` is the model's own. Raises DlconvError for what TF.js of today cannot load.
    """
    manifest = [
        {"paths": list(group.paths), "weights": [_weight_json(each) for each in group.weights]}
        for group in old.groups
    ]
    write_model_json(graph, contract, manifest, directory)
    for shard in old.shards:
        if shard.suffix == ".json":
            raise DlconvError(f"{old.directory}: {shard.name} cannot be the name of a shard")
        shutil.copyfile(shard, directory / shard.name)


def _weight_json(weight: Weight) -> Mapping[str, Any]:
    dtype = HELD_AS.get(weight.dtype, weight.dtype)
    entry: dict[str, Any] = {"name": weight.name, "shape": list(weight.shape), "dtype": dtype}
    codes = weight.quantization
    if codes is None and weight.dtype in HELD_AS:
        codes = Encoding(weight.dtype, min=0, scale=1)
    if codes is not None:
        entry["quantization"] = {"original_dtype": dtype, **asdict(codes)}
    return entry
