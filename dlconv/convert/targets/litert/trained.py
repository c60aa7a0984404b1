"""Networks trained for 8 bits: operators of integers between the codes that they were trained with.

A model comes with QUANTIZE and DEQUANTIZE where the network rounds its activations, and so computes
what it was trained to. An operator between two of these computes the same with integers, to the
rounding of its kernel; one that only moves values moves codes. What has no trained integers on all
sides stays float32, as it was in training, with the kernels of convolutions as codes.

Kernels of such networks have one range, which need not be around zero. LiteRT's kernels of int8
take none but those around zero, its kernels of uint8 take them all.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from dlconv.convert.targets.litert.integers import (
    CONVOLUTIONS,
    LAST,
    SCALING,
    KernelCodes,
    as_mean,
    bias_codes,
    is_counted,
    stored_kernel,
)
from dlconv.convert.targets.litert.model import Model, Operator, Options, Quantization, Tensor

# Operators that give values of their input, in other places.
MOVING = frozenset({"MAX_POOL_2D", "PAD", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR"})
# Operators of integers with one scale for all. Codes could be made others of another scale, but
# XNNPACK's QUANTIZE of codes is off by one in places.
KEEPING = frozenset({"AVERAGE_POOL_2D", "CONCATENATION"})
# Codes of uint8 are those of int8 and this.
MIDDLE = 128
# What a bias may be in steps, so that products can be added to it.
MOST_STEPS = 2**30


def with_trained_integers(model: Model, kernels: Mapping[str, KernelCodes]) -> Model:
    """Return a model of integers where all ends of an operator have trained ones.

    ``kernels`` go by the names of the model's kernels.
    """
    pooled = dataclasses.replace(model, operators=[as_mean(each) for each in model.operators])
    return _Rewriter(pooled, kernels).rewritten()


class _Rewriter:
    """Writes operators again, with codes in place of floats where they are known."""

    def __init__(self, model: Model, kernels: Mapping[str, KernelCodes]) -> None:
        self._model = model
        self._kernels = kernels
        self._names = dict(model.names)
        self._operators: list[Operator] = []
        # The codes that floats stand for, and the rounding that alone reads others.
        self._codes: dict[Tensor, Tensor] = {}
        self._rounding = _only_roundings(model)
        self._is_done: set[Operator] = set()

    def rewritten(self) -> Model:
        """Return the model with integers."""
        for operator in self._model.operators:
            if operator not in self._is_done:
                self._add(operator)
        model = dataclasses.replace(self._model, operators=self._operators, names=self._names)
        return _without_unread(model)

    def _add(self, operator: Operator) -> None:
        output = operator.outputs[0]
        if operator.code == "DEQUANTIZE" and operator.inputs[0] is not None:
            self._codes[output] = operator.inputs[0]
        if operator.code in MOVING and operator.inputs[0] in self._codes:
            self._add_moving(operator)
            return
        rounding = self._rounding.get(output)
        inputs = None if rounding is None else self._inputs(operator, rounding.outputs[0])
        if rounding is None or inputs is None:
            self._add_of_floats(operator)
            return
        self._is_done.add(rounding)
        self._append(operator, inputs, rounding.outputs)

    def _append(
        self, operator: Operator, inputs: Sequence[Tensor | None], outputs: tuple[Tensor, ...]
    ) -> None:
        self._operators.append(dataclasses.replace(operator, inputs=tuple(inputs), outputs=outputs))

    def _add_moving(self, operator: Operator) -> None:
        floats, output = operator.inputs[0], operator.outputs[0]
        assert floats is not None
        codes = self._codes[floats]
        moved = Tensor(codes.dtype, output.shape, quantization=codes.quantization)
        self._names[moved] = f"{self._names.get(output, 'moved')}/{codes.dtype}"
        self._append(operator, [codes, *operator.inputs[1:]], (moved,))
        self._operators.append(
            Operator("DEQUANTIZE", (moved,), (output,), Options("DequantizeOptions"))
        )
        self._codes[output] = moved

    def _add_of_floats(self, operator: Operator) -> None:
        inputs = list(operator.inputs)
        kernel = self._kernel_of(operator)
        if kernel is not None and inputs[1] is not None:
            self._names[kernel] = f"{self._names[inputs[1]]}/codes"
            floats = dataclasses.replace(inputs[1], constant=None)
            self._names[floats] = self._names[inputs[1]]
            options = Options("DequantizeOptions")
            self._operators.append(Operator("DEQUANTIZE", (kernel,), (floats,), options))
            inputs[1] = floats
        self._append(operator, inputs, operator.outputs)

    def _kernel_of(self, operator: Operator) -> Tensor | None:
        """Return the codes of a convolution's kernel, int8, None if there are none."""
        kernel = operator.inputs[1] if operator.code in CONVOLUTIONS else None
        name = None if kernel is None else self._names.get(kernel)
        found = None if name is None else self._kernels.get(name)
        if kernel is None or name is None or found is None:
            return None
        return stored_kernel(found, kernel, operator.code == "DEPTHWISE_CONV_2D")

    def _inputs(self, operator: Operator, output: Tensor) -> list[Tensor | None] | None:
        """Return what an operator of integers reads, None if it has to compute with floats."""
        if operator.code in CONVOLUTIONS:
            return self._of_convolution(operator, output)
        floats = [each for each in operator.inputs if each is not None and each.dtype == "float32"]
        if not floats or any(each not in self._codes for each in floats):
            return None
        codes = [self._codes[each] for each in floats]
        others = [each for each in operator.inputs if each is not None and each not in floats]
        is_kept = operator.code in KEEPING and all(_are_alike(each, output) for each in codes)
        is_scaled = operator.code in SCALING and is_counted(
            operator.code, map(_span, codes), _span(output)
        )
        return [*codes, *others] if is_kept or is_scaled else None

    def _of_convolution(self, operator: Operator, output: Tensor) -> list[Tensor | None] | None:
        floats, kernel, bias = operator.inputs
        stored = self._kernel_of(operator)
        if floats not in self._codes or stored is None or kernel is None or bias is None:
            return None
        image = self._codes[floats]
        codes = _as_read(stored, image.dtype)
        if codes is None or codes.quantization is None or image.quantization is None:
            return None
        scale = image.quantization.scale[0] * codes.quantization.scale
        if not _is_in_reach(bias, scale) or LAST * scale.max() >= _span(output):
            return None
        counted = bias_codes(bias, scale)
        self._names |= {codes: self._names[kernel], counted: f"{self._names[kernel]}/bias"}
        if bias in self._model.names:
            self._names[counted] = self._model.names[bias]
        return [image, codes, counted]


def _as_read(kernel: Tensor, dtype: str) -> Tensor | None:
    """Return a kernel of int8 as convolutions of a type read it, None if they do not.

    Those of int8 read one around zero, those of uint8 one with a single scale.
    """
    assert kernel.constant is not None
    assert kernel.quantization is not None
    scale, zero = kernel.quantization.scale, kernel.quantization.zero_point
    if dtype == "int8":
        return None if zero else kernel
    if len(scale) > 1:
        return None
    codes = (kernel.constant.astype(np.int16) + MIDDLE).astype(np.uint8)
    return Tensor("uint8", kernel.shape, codes, Quantization(scale, zero + MIDDLE))


def _only_roundings(model: Model) -> dict[Tensor, Operator]:
    """Return the QUANTIZE behind each tensor that nothing else reads."""
    reads = Counter(each for operator in model.operators for each in operator.inputs)
    reads.update(model.outputs.values())
    return {
        each.inputs[0]: each
        for each in model.operators
        if each.code == "QUANTIZE" and each.inputs[0] is not None and reads[each.inputs[0]] == 1
    }


def _is_in_reach(bias: Tensor, scale: np.ndarray) -> bool:
    """Tell whether a bias can be counted in steps of 32 bits."""
    if bias.constant is None:
        return False
    return bool((np.abs(bias.constant.astype(np.float64) / scale) < MOST_STEPS).all())


def _span(codes: Tensor) -> float:
    assert codes.quantization is not None
    return LAST * float(codes.quantization.scale[0])


def _are_alike(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and _key(one.quantization) == _key(other.quantization)


def _key(quantization: Quantization | None) -> tuple[bytes, int] | None:
    if quantization is None:
        return None
    return np.asarray(quantization.scale, np.float32).tobytes(), quantization.zero_point


def _without_unread(model: Model) -> Model:
    """Return a model without the operators that nothing is read of."""
    needed = {*model.outputs.values()}
    kept: list[Operator] = []
    for operator in reversed(model.operators):
        if needed.intersection(operator.outputs):
            needed.update(each for each in operator.inputs if each is not None)
            kept.append(operator)
    return dataclasses.replace(model, operators=kept[::-1])
