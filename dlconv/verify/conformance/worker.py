"""The process in which TensorFlow or ONNX Runtime runs the graphs of cases, one after another.

Both can end their process on a graph that does not fit, so neither runs where others would be
lost. Requests and answers are pickles on its pipes: ``(content, feeds, fetches)``, and arrays or an
error.
"""

import io
import os
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dlconv.errors import first_line

Run = Callable[[bytes, Mapping[str, np.ndarray], Sequence[str]], list[np.ndarray]]


def main(name: str) -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    run = {"tensorflow": _tensorflow, "onnxruntime": _onnxruntime}[name]()
    while True:
        try:
            content, feeds, fetches = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: list[np.ndarray] | str = run(content, feeds, fetches)
        except Exception as error:  # whatever the runtime says is the result
            answer = first_line(error) or type(error).__name__
        made = io.BytesIO()
        pickle.dump(answer, made)
        answers.write(made.getvalue())
        answers.flush()


def _tensorflow() -> Run:
    from dlconv.tensorflow import load_tensorflow

    tensorflow = load_tensorflow()
    v1 = tensorflow.compat.v1
    config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True

    def run(
        content: bytes, feeds: Mapping[str, np.ndarray], fetches: Sequence[str]
    ) -> list[np.ndarray]:
        with tensorflow.Graph().as_default() as graph:
            v1.import_graph_def(v1.GraphDef.FromString(content), name="")
            with v1.Session(graph=graph, config=config) as session:
                fed = {f"{name}:0": value for name, value in feeds.items()}
                return [np.asarray(each) for each in session.run(list(fetches), fed)]

    return run


def _onnxruntime() -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1

    def run(
        content: bytes, feeds: Mapping[str, np.ndarray], fetches: Sequence[str]
    ) -> list[np.ndarray]:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        known = {value.name for value in session.get_inputs()}
        fed = {name: np.asarray(value) for name, value in feeds.items() if name in known}
        return [np.asarray(each) for each in session.run(None, fed)]

    return run


if __name__ == "__main__":
    main(sys.argv[1])
