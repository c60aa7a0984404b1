"""The largest elements, and the places of those that are not zero."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, Written, writes


@writes("TopKV2")
def top(operation: Operation) -> Written:
    if not operation.flag("sorted"):
        raise operation.refused("it does not sort what it finds")
    value = operation.inputs[0]
    outputs = [(value.dtype, operation.shape()), ("int32", operation.shape(1))]
    options = Options("TopKV2Options")
    return operation.builder.add("TOPK_V2", operation.inputs[:2], outputs, options)


@writes("Where")
def places(operation: Operation) -> Tensor:
    value = operation.inputs[0]
    if not value.rank:
        raise operation.refused("it is asked for the place of a single number")
    if value.dtype != "bool":
        inputs = [value, operation.const(0, value.dtype)]
        options = Options("NotEqualOptions")
        value = operation.add("NOT_EQUAL", inputs, "bool", value.shape, options)
    found = operation.add("WHERE", [value], "int64", (None, value.rank), Options("WhereOptions"))
    return operation.cast(found, "int32")
