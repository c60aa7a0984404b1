"""Kernels as halves: float16 in the file, which DEQUANTIZE makes float32 when it is loaded."""

import dataclasses

import numpy as np

from dlconv.convert.stored import Stored
from dlconv.convert.targets.litert.model import Model, Operator, Options, Tensor

# The operators whose second input is a kernel.
WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})


def constant_kernels(model: Model) -> dict[str, Tensor]:
    """Return the constant float32 kernels of a model, by the names of the graph's constants."""
    read = [each.inputs[1] for each in model.operators if each.code in WEIGHTED]
    return {
        model.names[each]: each
        for each in read
        if each is not None and each.constant is not None and each in model.names
    }


def with_halves(model: Model, halves: dict[str, Stored]) -> Model:
    """Return a model whose kernels of these names are float16, in the kernels' own layout."""
    operators: list[Operator] = []
    names = dict(model.names)
    for name, kernel in constant_kernels(model).items():
        if name not in halves:
            continue
        codes = np.asarray(halves[name].codes)
        half = Tensor("float16", kernel.shape, codes)
        names[half] = f"{name}/half"
        operators.append(Operator("DEQUANTIZE", (half,), (kernel,), Options("DequantizeOptions")))
    made = {each.outputs[0] for each in operators}
    plain = {each: dataclasses.replace(each, constant=None) for each in made}
    names |= {plain[each]: names[each] for each in made}
    operators = [_reading(each, plain) for each in [*operators, *model.operators]]
    return dataclasses.replace(model, operators=operators, names=names)


def _reading(operator: Operator, instead: dict[Tensor, Tensor]) -> Operator:
    """Return an operator with other tensors in place of some."""
    return dataclasses.replace(
        operator,
        inputs=tuple(None if each is None else instead.get(each, each) for each in operator.inputs),
        outputs=tuple(instead.get(each, each) for each in operator.outputs),
    )
