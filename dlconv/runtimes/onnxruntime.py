"""The runtime ``onnxruntime``: an ONNX file in ONNX Runtime's CPU provider."""

from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError, first_line
from dlconv.runtimes.in_process import InProcessRuntime

# Errors are raised, too, and need not be printed.
_FATAL = 4


def open_session(model: str | bytes, threads: int | None = None, spinning: bool = True) -> Any:
    """Open a session of a model, a file or its bytes. Raises what ONNX Runtime does.

    ``threads`` is how many work on an op, None leaves it to ONNX Runtime. With ``spinning`` they
    wait for the next op or run in a busy loop, which takes time from whatever else runs.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = threads or 0
    if not spinning:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class OnnxruntimeRuntime(InProcessRuntime):
    """Runs an ONNX file with one image as input and labels as output.

    ``threads`` is how many threads work on an op; None leaves it to ONNX Runtime.
    """

    name = "onnxruntime"
    backend = "cpu"

    def __init__(self, model_path: Path, threads: int | None = None) -> None:
        self._model_path = model_path
        self._threads = threads

    def __enter__(self) -> "OnnxruntimeRuntime":
        import onnxruntime

        self._version: str = onnxruntime.__version__
        try:
            self._session = open_session(str(self._model_path), self._threads)
        except Exception as error:  # ONNX Runtime has an exception class for each status code
            raise DlconvError(
                f"ONNX Runtime cannot load {self._model_path}: {first_line(error)}"
            ) from error
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name
        return self

    def __exit__(self, *raised: object) -> None:
        del self._session

    def _answer(self, image: np.ndarray) -> np.ndarray:
        try:
            (output,) = self._session.run([self._output], {self._input: image})
        except Exception as error:
            raise DlconvError(
                f"ONNX Runtime fails on {self._model_path}: {first_line(error)}"
            ) from error
        answer: np.ndarray = output
        return answer

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on."""
        threads = {} if self._threads is None else {"threads": str(self._threads)}
        return {"onnxruntime": self._version, **threads}
