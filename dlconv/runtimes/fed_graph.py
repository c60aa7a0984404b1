"""A TensorFlow session whose weights are fed, for calibration.

TensorFlow keeps a copy of the constants for every part of a graph that is run. Weights are
therefore no constants here: they are placeholders, sent once, and those that a part reads are fed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dlconv.errors import DlconvError, first_line
from dlconv.tensorflow import load_tensorflow

Values = Mapping[str, np.ndarray]


class FedGraph:
    """Runs a serialized graph by the first outputs of its nodes; a context manager."""

    def __init__(self, graph_path: Path) -> None:
        self._graph_path = graph_path
        self._weights: Values = {}

    def __enter__(self) -> "FedGraph":
        self._tensorflow = load_tensorflow()
        v1 = self._tensorflow.compat.v1
        self._graph = self._tensorflow.Graph()
        with self._graph.as_default(), self._trouble():
            v1.import_graph_def(v1.GraphDef.FromString(self._graph_path.read_bytes()), name="")
        # Each part of the graph that is run would be optimized anew.
        config = v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0
        self._session = v1.Session(graph=self._graph, config=config)
        return self

    def __exit__(self, *raised: object) -> None:
        self._session.close()

    def describe(self) -> dict[str, str]:
        """Return the version that values depend on."""
        return {"tensorflow": self._tensorflow.__version__}

    def keep(self, weights: Values) -> None:
        """Keep the values of weights, by the names of their placeholders."""
        self._weights = weights

    def run(self, names: Sequence[str], read: Sequence[str], fed: Values) -> list[np.ndarray]:
        """Return first outputs of nodes; ``read`` are weights that are fed, ``fed`` other values.

        Raises DlconvError for what TensorFlow refuses, and so does ``counted``.
        """
        values = {**{name: self._weights[name] for name in read}, **fed}
        with self._trouble():
            fetched = [f"{name}:0" for name in names]
            return list(self._session.run(fetched, self._feeds(values)))

    def counted(self, names: Sequence[str], fed: Values) -> list[int]:
        """Return the numbers of elements of nodes' outputs; all weights are fed."""
        with self._graph.as_default():
            get = self._graph.get_tensor_by_name
            counts = [self._tensorflow.size(get(f"{name}:0")) for name in names]
        with self._trouble():
            found = self._session.run(counts, self._feeds({**self._weights, **fed}))
        return [int(count) for count in found]

    def _feeds(self, values: Values) -> dict[str, np.ndarray]:
        return {f"{name}:0": value for name, value in values.items()}

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Raise DlconvError, in a line, for what TensorFlow refuses."""
        try:
            yield
        except (ValueError, self._tensorflow.errors.OpError) as error:
            raise DlconvError(
                f"TensorFlow cannot run the graph to calibrate it: {first_line(error)}"
            ) from error
