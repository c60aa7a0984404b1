"""Models with activations inside the operators that they follow.

Pattern: ADD without an activation -> RELU or RELU6, which alone reads it. Replacement: ADD with
that activation. Same function: the kernel limits each sum as it is made.
"""

import dataclasses
from collections import Counter

from dlconv.convert.targets.litert.model import ACTIVATIONS, Model, Operator, Options, Tensor


def with_fused_activations(model: Model) -> Model:
    """Return a model without the activations that sums can have in them."""
    reads = Counter(each for operator in model.operators for each in operator.inputs)
    reads.update(model.outputs.values())
    makers: dict[Tensor | None, Operator] = {
        operator.outputs[0]: operator for operator in model.operators
    }
    fused: dict[Operator, Operator | None] = {}
    for operator in model.operators:
        maker = makers.get(operator.inputs[0]) if operator.code in ACTIVATIONS else None
        if maker is not None and reads[maker.outputs[0]] == 1 and _can_limit(maker):
            fused[maker] = _limited(maker, operator)
            fused[operator] = None
    kept = [fused.get(operator, operator) for operator in model.operators]
    return dataclasses.replace(model, operators=[each for each in kept if each is not None])


def _can_limit(operator: Operator) -> bool:
    return operator.code == "ADD" and not operator.option("FusedActivationFunction")


def _limited(sum_: Operator, activation: Operator) -> Operator:
    fields = {"FusedActivationFunction": ACTIVATIONS[activation.code]}
    options = Options("AddOptions", fields)
    outputs: tuple[Tensor, ...] = activation.outputs
    return dataclasses.replace(sum_, outputs=outputs, options=options)
