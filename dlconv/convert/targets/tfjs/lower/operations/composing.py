"""Operations that TF.js lacks, and that are one or two others."""

from dlconv.convert.targets.tfjs.lower.operation import Operation, lowers


@lowers("Softsign")
def _softsign(operation: Operation) -> str:
    features, dtype = operation.inputs[0], operation.dtype()
    size = operation.add("Abs", features, T=dtype)
    one = operation.const(1, dtype)
    return operation.add("RealDiv", features, operation.add("AddV2", size, one, T=dtype), T=dtype)
