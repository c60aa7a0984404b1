"""Elements put where their numbers say: SCATTER_ND."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes


@writes("ScatterNd")
def scatter(operation: Operation) -> Tensor:
    places, updates, shape = operation.inputs[:3]
    held = operation.cast(updates, "int32") if updates.dtype == "bool" else updates
    inputs = [places, held, shape]
    found = operation.add("SCATTER_ND", inputs, held.dtype, options=Options("ScatterNdOptions"))
    return operation.cast(found, updates.dtype)
