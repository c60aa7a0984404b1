"""Operations that no others say, each with its reason.

TF.js runs some only asynchronously, since sizes depend on values, and dlconv does not write them
for LiteRT; random numbers differ in every run, so no two runtimes agree on what such a graph
computes.
"""

from collections.abc import Mapping

from dlconv.convert.conformance.judge import TFJS
from dlconv.convert.targets.lower.operation import Lowering, Operation, lowers

_REASONS: Mapping[str, tuple[str, ...]] = {
    "the image decides which branch runs, and a select cannot: a side of it may fail, or has "
    "another shape; a fixed input size may decide it": ("Merge", "RefMerge", "RefSwitch", "Switch"),
    "it is part of a loop, which {runs}": (
        *("Enter", "Exit", "If", "LoopCond", "NextIteration", "RefEnter", "RefExit"),
        *("RefNextIteration", "StatelessIf", "StatelessWhile", "While"),
    ),
    "its size depends on values, so it {runs}; end the network before it": (
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
        is_tfjs = operation.holder == TFJS
        runs = "runs only asynchronously there" if is_tfjs else "is not written for it"
        raise operation.refused(reason.format(runs=runs))

    return lowering


for _reason, _ops in _REASONS.items():
    lowers(*_ops)(_refusing(_reason))
