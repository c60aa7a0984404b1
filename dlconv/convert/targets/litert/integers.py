"""Static quantization for LiteRT: operators of int8 in place of those of float32.

Convolutions whose kernels have codes compute with integers, and so do sums, joins and pools between
them; the rest stays float32, with QUANTIZE and DEQUANTIZE where it meets. Scales are those of
LiteRT's specification of 8 bits: kernels have one for each output channel around zero, activations
one scale and a zero point, between two values that were measured; a bias is int32, in steps of the
input's scale times the kernel's. What joins or moves values has the same scale before and behind
it.

An AVERAGE_POOL_2D of a whole map becomes MEAN, which XNNPACK runs with integers.
"""

import dataclasses
import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dlconv.convert.targets.litert.model import Model, Operator, Options, Quantization, Tensor

LOWEST, LAST = -128, 255
# Operators whose outputs have the scale of their inputs.
KEEPING = frozenset(
    {"AVERAGE_POOL_2D", "CONCATENATION", "MAX_POOL_2D", "PAD", "RESHAPE", "RESIZE_BILINEAR"}
)
# Operators with a scale for each input and for the output.
SCALING = frozenset({"ADD", "MEAN", "MUL"})
KINDS = KEEPING | SCALING | {"RELU", "RELU6"}
CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
# LiteRT's kernels hold sums and products in so many steps of the output before they limit them.
MOST_COUNTED = 2**15

Range = tuple[float, float]


@dataclass(frozen=True)
class KernelCodes:
    """A kernel as TensorFlow orders it: value = (code - zero_point) * scale.

    ``codes`` are int8 or uint8 [height, width, in, out], ``scale`` float32 [out]; of a depthwise
    kernel [height, width, in, multiplier] and [in, multiplier]. A kernel of one range has one scale
    [], and only there the zero point may be another than 0.
    """

    codes: np.ndarray
    scale: np.ndarray
    zero_point: int = 0

    def values(self) -> np.ndarray:
        """Return the values, float32."""
        steps = self.codes.astype(np.float32) - np.float32(self.zero_point)
        return np.asarray(steps * self.scale.astype(np.float32))


def names_to_measure(model: Model) -> list[str]:
    """Return the names of the float32 tensors that operators read or give."""
    used = [each for operator in model.operators for each in (*operator.inputs, *operator.outputs)]
    floats = [each for each in used if each is not None and each.dtype == "float32"]
    computed = dict.fromkeys(each for each in floats if not _has_value(each))
    return [model.names[each] for each in computed if each in model.names]


def with_integers(
    model: Model,
    kernels: Mapping[str, KernelCodes],
    ranges: Mapping[str, Range],
    with_floats: Container[str] = (),
) -> Model:
    """Return a model that computes with int8 where its kernels have codes.

    ``kernels`` go by the names of the model's kernels, and ``ranges``, the ends of what integers
    stand for, by the names of its tensors; what has none stays float32. The codes
    of kernels that are named in ``with_floats`` become floats again, and compute as such.
    """
    pooled = dataclasses.replace(model, operators=[as_mean(each) for each in model.operators])
    known = {each: ranges[name] for each, name in model.names.items() if name in ranges}
    rounded = {name for name in kernels if name not in with_floats}
    chosen = _chosen(pooled, rounded, known)
    return _Rewriter(pooled, kernels, chosen, _scales(chosen, known)).rewritten()


def _has_value(tensor: Tensor) -> bool:
    return tensor.constant is not None


def as_mean(operator: Operator) -> Operator:
    """Return an AVERAGE_POOL_2D of a whole map as MEAN, and any other operator as it is."""
    image = operator.inputs[0] if operator.inputs else None
    if operator.code != "AVERAGE_POOL_2D" or image is None:
        return operator
    size = (operator.option("FilterHeight"), operator.option("FilterWidth"))
    if image.shape[1:3] != size or operator.outputs[0].shape[1:3] != (1, 1):
        return operator
    axes = Tensor("int32", (2,), np.array([1, 2], np.int32))
    options = Options("ReducerOptions", {"KeepDims": True})
    return Operator("MEAN", (image, axes), operator.outputs, options)


def _data(operator: Operator) -> list[Tensor]:
    """Return the float32 inputs of an operator that are computed."""
    read = [each for each in operator.inputs if each is not None and each.dtype == "float32"]
    return [each for each in read if not _has_value(each)]


def is_counted(code: str, spans: Iterable[float], given: float) -> bool:
    """Tell whether integers hold what an operator gives of inputs that span so much.

    ``given`` is what its output spans. Sums that go far beyond wrap around.
    """
    most = math.prod(spans) if code == "MUL" else sum(spans)
    return most * LAST < MOST_COUNTED * given


def _is_rounded(model: Model, operator: Operator, kernels: Container[str]) -> bool:
    if operator.code not in CONVOLUTIONS:
        return False
    kernel = operator.inputs[1]
    return kernel is not None and model.names.get(kernel) in kernels


def _chosen(model: Model, kernels: Container[str], known: Mapping[Tensor, Range]) -> set[Operator]:
    """Return the operators that compute with integers: convolutions, and what is between them."""
    wanted: set[Operator] = set()
    read_by_wanted: set[Tensor] = set()
    for operator in reversed(model.operators):
        is_between = operator.code in KINDS and operator.outputs[0] in read_by_wanted
        if _is_rounded(model, operator, kernels) or is_between:
            wanted.add(operator)
            read_by_wanted.update(_data(operator))
    chosen: set[Operator] = set()
    integers: set[Tensor] = set()
    for operator in model.operators:
        ends = [*_data(operator), operator.outputs[0]]
        if operator not in wanted or any(each not in known for each in ends):
            continue
        if operator.code in SCALING and not _is_counted(operator, known):
            continue
        if operator.code in CONVOLUTIONS or not integers.isdisjoint(ends[:-1]):
            chosen.add(operator)
            integers.update(ends)
    return chosen


def _is_counted(operator: Operator, known: Mapping[Tensor, Range]) -> bool:
    spans = [_span(*known[each]) for each in _data(operator)]
    constants = [each.constant for each in operator.inputs if each and each.dtype == "float32"]
    spans += [_span(each.min(), each.max()) for each in constants if each is not None]
    return is_counted(operator.code, spans, _span(*known[operator.outputs[0]]))


def _span(low: float, high: float) -> float:
    return max(high, 0.0) - min(low, 0.0)


def _scales(
    chosen: Iterable[Operator], known: Mapping[Tensor, Range]
) -> dict[Tensor, Quantization]:
    """Return what the integers of each tensor stand for; what has to be alike is."""
    ranges = dict(known)
    joined = [each for each in chosen if each.code in KEEPING]
    is_settled = False
    while not is_settled:
        is_settled = True
        for operator in joined:
            ends = [*_data(operator), operator.outputs[0]]
            both = min(ranges[each][0] for each in ends), max(ranges[each][1] for each in ends)
            if any(ranges[each] != both for each in ends):
                ranges |= dict.fromkeys(ends, both)
                is_settled = False
    return {each: _affine(*found) for each, found in ranges.items()}


def _affine(low: float, high: float) -> Quantization:
    """Return 256 steps between two values and zero, which is one of them."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / LAST or 1.0)
    zero = int(np.clip(LOWEST - np.rint(low / scale), LOWEST, LOWEST + LAST))
    return Quantization(np.array([scale], np.float32), zero)


class _Rewriter:
    """Writes operators again, some with integers, and the changes between the two."""

    def __init__(
        self,
        model: Model,
        kernels: Mapping[str, KernelCodes],
        chosen: set[Operator],
        scales: Mapping[Tensor, Quantization],
    ) -> None:
        self._model = model
        self._kernels = kernels
        self._chosen = chosen
        self._given_as_integers = {each.outputs[0] for each in chosen}
        self._scales = scales
        self._names = dict(model.names)
        self._operators: list[Operator] = []
        # The tensor of integers, and the one of floats, of each tensor of the model.
        self._integers: dict[Tensor, Tensor] = {}
        self._floats: dict[Tensor, Tensor] = {}

    def rewritten(self) -> Model:
        """Return the model with integers."""
        for operator in self._model.operators:
            if operator in self._chosen:
                self._add_of_integers(operator)
            else:
                self._add_of_floats(operator)
        outputs = {name: self._float(each) for name, each in self._model.outputs.items()}
        return dataclasses.replace(
            self._model, operators=self._operators, outputs=outputs, names=self._names
        )

    def _add_of_floats(self, operator: Operator) -> None:
        inputs = [None if each is None else self._float(each) for each in operator.inputs]
        if _is_rounded(self._model, operator, self._kernels):
            options = Options("DequantizeOptions")
            codes, kernel = self._stored(operator), operator.inputs[1]
            assert kernel is not None
            floats = dataclasses.replace(kernel, constant=None)
            self._operators.append(Operator("DEQUANTIZE", (codes,), (floats,), options))
            inputs[1] = floats
        self._operators.append(dataclasses.replace(operator, inputs=tuple(inputs)))

    def _float(self, tensor: Tensor) -> Tensor:
        """Return a tensor as floats, from its integers if only they are there."""
        if tensor not in self._integers or tensor in self._floats:
            return self._floats.get(tensor, tensor)
        if tensor not in self._given_as_integers:
            return tensor
        options = Options("DequantizeOptions")
        given = (self._integers[tensor],)
        self._operators.append(Operator("DEQUANTIZE", given, (tensor,), options))
        self._names[tensor] = f"{self._model.names[tensor]}/float"
        self._floats[tensor] = tensor
        return tensor

    def _integer(self, tensor: Tensor) -> Tensor:
        """Return a tensor as integers, from its floats if only they are there."""
        if tensor not in self._integers:
            made = self._as_integers(tensor, f"{self._model.names.get(tensor, 'constant')}/int8")
            options = Options("QuantizeOptions")
            self._operators.append(Operator("QUANTIZE", (tensor,), (made,), options))
        return self._integers[tensor]

    def _as_integers(self, tensor: Tensor, name: str) -> Tensor:
        made = Tensor("int8", tensor.shape, quantization=self._scales[tensor])
        self._names[made] = name
        self._integers[tensor] = made
        return made

    def _add_of_integers(self, operator: Operator) -> None:
        if operator.code in CONVOLUTIONS:
            inputs = self._of_convolution(operator)
        else:
            inputs = [None if each is None else self._of_other(each) for each in operator.inputs]
        output = operator.outputs[0]
        made = self._as_integers(output, self._model.names[output])
        self._operators.append(dataclasses.replace(operator, inputs=tuple(inputs), outputs=(made,)))

    def _of_other(self, tensor: Tensor) -> Tensor:
        if tensor.dtype != "float32":
            return tensor
        return _constant_codes(tensor) if _has_value(tensor) else self._integer(tensor)

    def _of_convolution(self, operator: Operator) -> list[Tensor | None]:
        image, _, bias = operator.inputs
        assert image is not None
        stored = self._stored(operator)
        given = self._integer(image)
        assert stored.quantization is not None
        scale = self._scales[image].scale[0] * stored.quantization.scale
        return [given, stored, self._bias(bias, scale)]

    def _stored(self, operator: Operator) -> Tensor:
        """Return the codes of a convolution's kernel, in LiteRT's order of axes."""
        kernel = operator.inputs[1]
        assert kernel is not None
        name = self._model.names[kernel]
        stored = stored_kernel(self._kernels[name], kernel, operator.code == "DEPTHWISE_CONV_2D")
        self._names[stored] = name
        return stored

    def _bias(self, bias: Tensor | None, scale: np.ndarray) -> Tensor:
        stored = bias_codes(bias, scale)
        if bias is not None and bias in self._model.names:
            self._names[stored] = self._model.names[bias]
        return stored


def stored_kernel(found: KernelCodes, kernel: Tensor, is_depthwise: bool) -> Tensor:
    """Return the codes of a convolution's kernel in place of its floats, in LiteRT's order."""
    codes = found.codes if is_depthwise else found.codes.transpose(3, 0, 1, 2)
    codes = codes.reshape([each or 0 for each in kernel.shape])
    scale = found.scale.reshape(-1).astype(np.float32)
    axis = 3 if is_depthwise and found.scale.ndim else 0
    quantization = Quantization(scale, found.zero_point, axis)
    return Tensor(codes.dtype.name, kernel.shape, codes, quantization)


def bias_codes(bias: Tensor | None, scale: np.ndarray) -> Tensor:
    """Return a bias as int32 in steps of ``scale``, float32 [n]; values out of reach are cut."""
    values = np.zeros(scale.shape) if bias is None else bias.constant
    assert values is not None
    limits = np.iinfo(np.int32)
    steps = np.rint(values.astype(np.float64) / scale)
    codes = np.clip(steps, limits.min, limits.max).astype(np.int32)
    return Tensor("int32", codes.shape, codes, Quantization(scale))


def _constant_codes(tensor: Tensor) -> Tensor:
    assert tensor.constant is not None
    found = _affine(float(tensor.constant.min()), float(tensor.constant.max()))
    steps = np.rint(tensor.constant / found.scale[0]) + found.zero_point
    codes = np.clip(steps, LOWEST, LOWEST + LAST).astype(np.int8)
    return Tensor("int8", tensor.shape, codes, found)
