"""Operations that no others say, each with its reason.

TF.js runs some only asynchronously, since sizes depend on values; random numbers differ in every
run, so no two runtimes agree on what such a graph computes.
"""

from collections.abc import Mapping

from dlconv.convert.targets.tfjs.lower.operation import Lowering, Operation, lowers

_REASONS: Mapping[str, tuple[str, ...]] = {
    "the image decides which branch runs, and a select cannot: a side of it may fail, or has "
    "another shape; a fixed input size may decide it": ("Merge", "RefMerge", "RefSwitch", "Switch"),
    "it is part of a loop, which runs only asynchronously there": (
        *("Enter", "Exit", "If", "LoopCond", "NextIteration", "RefEnter", "RefExit"),
        *("RefNextIteration", "StatelessIf", "StatelessWhile", "While"),
    ),
    "its size depends on values, so it runs only asynchronously there; end the network before it": (
        *("ListDiff", "NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3"),
        *("NonMaxSuppressionV4", "NonMaxSuppressionV5", "Unique", "UniqueV2", "UniqueWithCounts"),
        *("UniqueWithCountsV2", "Where"),
    ),
    "its numbers are random, as of a dropout that was left on; freeze the network for inference": (
        *("Multinomial", "ParameterizedTruncatedNormal", "RandomGamma", "RandomShuffle"),
        *("RandomStandardNormal", "RandomUniform", "RandomUniformInt", "StatelessRandomNormal"),
        *("StatelessRandomUniform", "TruncatedNormal"),
    ),
}


def _refusing(reason: str) -> Lowering:
    def lowering(operation: Operation) -> str:
        raise operation.refused(reason)

    return lowering


for _reason, _ops in _REASONS.items():
    lowers(*_ops)(_refusing(_reason))
