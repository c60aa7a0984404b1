"""The process in which TensorFlow, ONNX Runtime or LiteRT runs the graphs of cases, one after
another.

Each can end their process on a graph that does not fit, so none runs where others would be lost.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from dlconv.errors import DlconvError, first_line
from dlconv.runtimes.litert import BACKENDS, open_interpreter
from dlconv.runtimes.python_child import answer_requests

Feeds = Mapping[str, np.ndarray]


class _Graphs:
    """A library that runs a graph at a time. What it says when it does not is a DlconvError."""

    def __enter__(self) -> "_Graphs":
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def describe(self) -> dict[str, str]:
        return {}

    def run(self, content: bytes, feeds: Feeds, fetches: Sequence[str]) -> list[np.ndarray]:
        try:
            return [np.asarray(each) for each in self._run(content, feeds, fetches)]
        except Exception as error:  # whatever the library says is the result
            raise DlconvError(first_line(error)) from error

    def _run(self, content: bytes, feeds: Feeds, fetches: Sequence[str]) -> Sequence[np.ndarray]:
        raise NotImplementedError


class _Tensorflow(_Graphs):
    def __enter__(self) -> "_Tensorflow":
        from dlconv.tensorflow import load_tensorflow

        self._library = load_tensorflow()
        v1 = self._library.compat.v1
        self._config = v1.ConfigProto(
            intra_op_parallelism_threads=1, inter_op_parallelism_threads=1
        )
        self._config.graph_options.rewrite_options.disable_meta_optimizer = True
        return self

    def _run(self, content: bytes, feeds: Feeds, fetches: Sequence[str]) -> Sequence[np.ndarray]:
        v1 = self._library.compat.v1
        with self._library.Graph().as_default() as graph:
            v1.import_graph_def(v1.GraphDef.FromString(content), name="")
            with v1.Session(graph=graph, config=self._config) as session:
                fed = {f"{name}:0": value for name, value in feeds.items()}
                found: list[np.ndarray] = session.run(list(fetches), fed)
                return found


class _Onnxruntime(_Graphs):
    def __enter__(self) -> "_Onnxruntime":
        import onnxruntime

        self._library = onnxruntime
        self._options = onnxruntime.SessionOptions()
        self._options.log_severity_level = 4
        self._options.intra_op_num_threads = 1
        return self

    def _run(self, content: bytes, feeds: Feeds, fetches: Sequence[str]) -> Sequence[np.ndarray]:
        session = self._library.InferenceSession(
            content, self._options, providers=["CPUExecutionProvider"]
        )
        known = {value.name for value in session.get_inputs()}
        fed = {name: np.asarray(value) for name, value in feeds.items() if name in known}
        found: list[np.ndarray] = session.run(None, fed)
        return found


class _Litert(_Graphs):
    """LiteRT with XNNPACK, or with its own kernels alone."""

    def __init__(self, backend: str) -> None:
        self._backend = backend

    def _run(self, content: bytes, feeds: Feeds, fetches: Sequence[str]) -> Sequence[np.ndarray]:
        interpreter = open_interpreter(content, self._backend, threads=1)
        fed = {
            each["index"]: np.asarray(feeds[each["name"]]).astype(each["dtype"])
            for each in interpreter.get_input_details()
        }
        for index, value in fed.items():
            interpreter.resize_tensor_input(index, value.shape)
        interpreter.allocate_tensors()
        for index, value in fed.items():
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        return [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]


LIBRARIES: Mapping[str, Callable[[], _Graphs]] = {
    "tensorflow": _Tensorflow,
    "onnxruntime": _Onnxruntime,
    **{backend: partial(_Litert, backend) for backend in BACKENDS},
}

if __name__ == "__main__":
    answer_requests(LIBRARIES[sys.argv[1]]())
