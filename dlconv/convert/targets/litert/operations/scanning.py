"""Sums along an axis, from one end up to each element: CUMSUM."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes


@writes("Cumsum")
def running_sum(operation: Operation) -> Tensor:
    fields = {"Exclusive": operation.flag("exclusive"), "Reverse": operation.flag("reverse")}
    return operation.add("CUMSUM", operation.inputs[:2], options=Options("CumsumOptions", fields))
