"""How far the weights of a TF.js artifact are from those of the graph that was converted.

The error of a weight is |a - b| / |b|, Euclidean norms over its values, with a from the artifact
and b from the rewritten graph, since that is what is stored.
"""

from pathlib import Path

import numpy as np

from dlconv.convert.rewrite import rewrite
from dlconv.formats.model_json import read_model_json
from dlconv.formats.tfjs_weights import read_weights
from dlconv.graph.graph import Graph


def storage_errors(entry: Path, graph: Graph) -> dict[str, float]:
    """Return the error of each node that reads a float weight, by its name in the artifact.

    ``entry`` is the artifact's model.json, ``graph`` the frozen graph. Weights are left out unless
    both have them under the same name and size; a node that reads several has the largest error.
    Raises DlconvError when the artifact cannot be read.
    """
    model = read_model_json(entry)
    stored = read_weights(model.groups, entry.parent)
    converted = rewrite(graph).graph
    errors: dict[str, float] = {}
    for node in model.graph.order:
        if node.op == "Identity":
            continue
        for constant in model.graph.constants_read(node):
            error = _error(converted, constant.name, stored.get(constant.name))
            if error is not None:
                errors[node.name] = max(error, errors.get(node.name, 0.0))
    return errors


def _error(converted: Graph, name: str, found: np.ndarray | None) -> float | None:
    node = converted.nodes.get(name)
    expected = None if node is None else converted.constant(node)
    if found is None or expected is None or expected.dtype != np.float32:
        return None
    norm = float(np.linalg.norm(expected))
    if found.size != expected.size or not norm:
        return None
    return float(np.linalg.norm(found - expected.ravel())) / norm
