"""Boxes of detected objects, which LiteRT's kernels choose otherwise than TensorFlow's.

NON_MAX_SUPPRESSION_V4 and V5 of ai-edge-litert 2.3 give equal scores in another order, give a box
without an area again and again, and drop boxes that do not overlap where the threshold is 0.
"""

from dlconv.convert.targets.litert.operation import Operation, Written, writes


@writes(*(f"NonMaxSuppression{version}" for version in ("", "V2", "V3", "V4", "V5")))
def strongest(operation: Operation) -> Written:
    raise operation.refused(
        "LiteRT orders equal scores otherwise, and repeats boxes without an area; "
        "end the network before it"
    )
