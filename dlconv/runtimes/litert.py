"""The runtime ``litert``: a ``.tflite`` file in LiteRT's interpreter, here in this process.

A file may be quantized at its ends, too. Photos and scores are given and taken as numbers all the
same: codes are made of pixels, and scores of codes. Labels are codes of nothing and stay.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlconv.errors import DlconvError
from dlconv.runtimes.in_process import InProcessRuntime

XNNPACK = "xnnpack"
REFERENCE = "reference"
BACKENDS = (XNNPACK, REFERENCE)
# What an input of pixels spans at least, if its codes have a scale: one of normalized values, from
# -1 to 1 or by the deviations of ImageNet, spans less.
LEAST_SPAN_OF_PIXELS = 16.0


def open_interpreter(
    model: str | bytes, backend: str, threads: int | None = None, keeps_all: bool = False
) -> Any:
    """Open an interpreter of a model, a file or its bytes. Raises what LiteRT does.

    The others are those of ``LitertRuntime``.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = {
        XNNPACK: OpResolverType.BUILTIN,
        REFERENCE: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    }
    return Interpreter(
        **{"model_content" if isinstance(model, bytes) else "model_path": model},
        num_threads=threads,
        experimental_op_resolver_type=resolver[backend],
        experimental_preserve_all_tensors=keeps_all,
    )


class LitertRuntime(InProcessRuntime):
    """Runs a ``.tflite`` file with one image as input and one output.

    ``backend`` is ``xnnpack``, or ``reference`` for LiteRT's own kernels only. ``threads`` is how
    many work on an operator; None leaves it to LiteRT, which takes one. With ``keeps_all`` every
    tensor can be asked for, and XNNPACK must not run: what it computes inside is gone. Entering and
    every method raise DlconvError, in one line, for what LiteRT refuses.
    """

    name = "litert"

    def __init__(
        self,
        path: Path,
        backend: str = XNNPACK,
        threads: int | None = None,
        keeps_all: bool = False,
    ) -> None:
        self._path = path
        self.backend = backend
        self._threads = threads
        self._keeps_all = keeps_all

    def __enter__(self) -> "LitertRuntime":
        import ai_edge_litert

        self._version: str = ai_edge_litert.__version__
        try:
            self._interpreter = open_interpreter(
                str(self._path), self.backend, self._threads, self._keeps_all
            )
            self._input = _only("input", self._interpreter.get_input_details())
            self._output = _only("output", self._interpreter.get_output_details())
        except DlconvError as error:
            raise DlconvError(f"{self._path} {error.message}") from error
        except Exception as error:  # LiteRT raises whatever its reader stumbles over
            raise self._refusal("load", error) from error
        self._operators: int = self._interpreter._interpreter.NumNodes()
        self._allocate()
        return self

    def _allocate(self) -> None:
        """Make room for what the file says its input is; one of free sizes may not fit that."""
        self._shape: tuple[int, ...] | None = None
        try:
            self._interpreter.allocate_tensors()
        except Exception as error:
            if not self._is_free:
                raise self._refusal("load", error) from error
            return
        self._shape = tuple(self._input["shape"])

    @property
    def _is_free(self) -> bool:
        return bool((self._input["shape_signature"] < 0).any())

    def __exit__(self, *raised: object) -> None:
        del self._interpreter

    def _answer(self, image: np.ndarray) -> np.ndarray:
        self._run(image)
        return scores_of(self._values(self._output), self._output)

    def _values(self, details: dict[str, Any]) -> np.ndarray:
        """Return what a tensor holds, which is nothing if no operator gives it."""
        try:
            return np.asarray(self._interpreter.get_tensor(details["index"]))
        except Exception as error:
            raise self._refusal("run", error) from error

    def _run(self, image: np.ndarray) -> None:
        try:
            if self._is_free and image.shape != self._shape:
                self._resize(image.shape)
            self._interpreter.set_tensor(self._input["index"], codes_of(image, self._input))
            self._interpreter.invoke()
        except Exception as error:
            raise self._refusal("run", error) from error

    def _resize(self, shape: tuple[int, ...]) -> None:
        self._shape = None
        self._interpreter.resize_tensor_input(self._input["index"], shape, strict=True)
        self._interpreter.allocate_tensors()
        self._shape = shape

    def _refusal(self, what: str, error: Exception) -> DlconvError:
        said = "; ".join(str(error).split("\n")).strip("; ") or type(error).__name__
        return DlconvError(f"LiteRT cannot {what} {self._path}: {said}")

    def images(self) -> list[str]:
        """Return the computed tensors [1, H, W, channels], by their names."""
        operators = self._interpreter._get_ops_details()
        computed = {int(tensor) for each in operators for tensor in each["outputs"]}
        return [
            name
            for name, each in self._tensors().items()
            if len(each["shape"]) == 4 and each["index"] in computed
        ]

    def activations(self, image: np.ndarray, names: Sequence[str]) -> list[np.ndarray]:
        """Return what tensors hold for a photo; codes as the numbers that they stand for."""
        self._run(image)
        known = self._tensors()
        return [dequantized(self._values(known[name]), known[name]) for name in names]

    def _tensors(self) -> dict[str, Any]:
        return {each["name"]: each for each in self._interpreter.get_tensor_details()}

    def delegated(self) -> dict[str, int]:
        """Return how many operators of each name XNNPACK runs."""
        operators = self._interpreter._get_ops_details()
        taken = _delegated(operators)
        return dict(Counter(each["op_name"] for each in operators if each["index"] in taken))

    def describe(self) -> dict[str, str]:
        """Return the versions and switches that a result depends on.

        The share of XNNPACK is missing where it depends on the size of the photo.
        """
        said = {"ai_edge_litert": self._version, "threads": str(self._threads or 1)}
        if self.backend == XNNPACK and self._shape is not None:
            count = len(_delegated(self._interpreter._get_ops_details()))
            said["XNNPACK"] = f"{count} of {self._operators} nodes"
        return said


def codes_of(image: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Return a photo, from 0 to 255, as an input of these details takes it.

    An input without a scale takes it as it is. Where the codes stand for pixels, they are the
    nearest; where they stand for normalized values, the pixels themselves are the codes, counted
    from the least one of the type, as TensorFlow's converter has it.
    """
    dtype = np.dtype(details["dtype"])
    scale, zero_point = details["quantization"]
    if not scale or dtype.kind not in "iu":
        return image
    limits = np.iinfo(dtype)
    codes = image + float(limits.min)
    if scale * (limits.max - limits.min) > LEAST_SPAN_OF_PIXELS:
        codes = image / scale + zero_point
    return np.clip(np.rint(codes), limits.min, limits.max).astype(dtype)


def scores_of(output: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Return an output; scores of several classes as float32, whatever their codes."""
    has_classes = output.ndim == 4 and output.shape[3] > 1
    return dequantized(output, details) if has_classes else output


def dequantized(values: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Return the numbers, float32, that codes with one scale stand for; others as they are."""
    scale, zero_point = details["quantization"]
    if not scale or values.dtype.kind not in "iu":
        return values
    numbers: np.ndarray = (values.astype(np.float64) - zero_point) * scale
    return numbers.astype(np.float32)


def _only(kind: str, details: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if len(details) != 1:
        raise DlconvError(f"has {len(details)} {kind}s, not one")
    return details[0]


def _delegated(operators: Sequence[dict[str, Any]]) -> set[int]:
    """Return the indices of operators that delegates run: those between their ends."""
    makers = {
        int(tensor): each
        for each in operators
        if each["op_name"] != "DELEGATE"
        for tensor in each["outputs"]
    }
    found: set[int] = set()
    for delegate in operators:
        if delegate["op_name"] != "DELEGATE":
            continue
        given = set(map(int, delegate["inputs"]))
        waiting = [int(tensor) for tensor in delegate["outputs"]]
        while waiting:
            tensor = waiting.pop()
            maker = makers.get(tensor)
            if tensor in given or maker is None or maker["index"] in found:
                continue
            found.add(maker["index"])
            waiting += map(int, maker["inputs"])
    return found
