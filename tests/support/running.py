"""Running small graphs, and what every rewrite pass has to keep."""

from pathlib import Path

import numpy as np

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Source
from dlconv.convert.targets.tfjs.write import write_graph_model
from dlconv.fetch.unpack import extract_frozen_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime
from dlconv.storage.files import digest_of
from dlconv.tensorflow import load_tensorflow


class Session:
    """A GraphDef in one TensorFlow session that does not rewrite it on its own."""

    def __init__(self, graph_def):
        tensorflow = load_tensorflow()
        v1 = tensorflow.compat.v1
        graph = tensorflow.Graph()
        with graph.as_default():
            v1.import_graph_def(v1.GraphDef.FromString(graph_def.SerializeToString()), name="")
        options = v1.ConfigProto()
        options.graph_options.rewrite_options.disable_meta_optimizer = True
        self._session = v1.Session(graph=graph, config=options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._session.close()

    def run(self, fetch, **feeds):
        """The value of a node's first output, or of each node in a list of them."""
        return self.fetch(
            f"{fetch}:0" if isinstance(fetch, str) else [f"{name}:0" for name in fetch], **feeds
        )

    def fetch(self, tensors, **feeds):
        """The value of any output of a node (``name:1``), or of each in a list of them."""
        return self._session.run(tensors, {f"{name}:0": feeds[name] for name in feeds})


def run(graph_def, fetch, **feeds):
    """The value of a node in TensorFlow, or of several."""
    with Session(graph_def) as session:
        return session.run(fetch, **feeds)


def run_in_tfjs(graph_def, directory: Path, image, backend="wasm"):
    """The output of a graph in TF.js."""
    graph = Graph(graph_def)
    directory.mkdir(parents=True, exist_ok=True)
    write_graph_model(graph, find_contract(graph), {}, directory)
    with TfjsNodeRuntime(directory, backend) as runtime:
        return runtime.infer(image).output


def frozen_from(tarball: Path, directory: Path) -> FrozenGraph:
    """The frozen graph of a tarball, as the pipeline hands it to the converters."""
    path = directory / "frozen.pb"
    extract_frozen_graph(tarball, path)
    return FrozenGraph(path, Source(tarball.name, path.stat().st_size, digest_of(path)))


def serialized(graph_def) -> bytes:
    return graph_def.SerializeToString(deterministic=True)


def ops(graph_def) -> list[str]:
    """The ops of a graph in the order of the file, constants and inputs left out."""
    return [n.op for n in graph_def.node if n.op not in ("Const", "Placeholder")]


def node_of(graph_def, name):
    (found,) = [n for n in graph_def.node if n.name == name]
    return found


def result_of(run_pass, graph_def):
    """What a pass makes of a graph."""
    return run_pass(Graph(graph_def)).graph.graph_def


def rewritten(run_pass, graph_def):
    """Run a pass. It leaves its argument alone and finds nothing to do a second time."""
    before = serialized(graph_def)
    graph = Graph(graph_def)
    result = run_pass(graph)
    assert serialized(graph_def) == before
    assert result.changed == (result.graph is not graph)
    again = run_pass(result.graph)
    assert again.graph is result.graph
    assert not again.changed
    return result.graph.graph_def


def assert_untouched(run_pass, graph_def):
    """A pass that has nothing to do gives the very same graph back, and says so."""
    before = serialized(graph_def)
    graph = Graph(graph_def)
    result = run_pass(graph)
    assert result.graph is graph
    assert not result.changed
    assert serialized(graph_def) == before


def assert_close(first, second, scale, tolerance=1e-5):
    """Values of float32 arithmetic agree relative to ``scale``, the sizes of what was summed."""
    assert first.shape == second.shape
    assert np.isfinite(first).all()
    assert np.isfinite(second).all()
    assert (np.abs(first.astype(np.float64) - second) <= tolerance * np.asarray(scale)).all()
