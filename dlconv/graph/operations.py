"""Kinds of operations that several rooms look for, by their names in a graph."""

# As TensorFlow 1.x writes them, and with the bias and the activation in one operation.
UNFUSED_CONVOLUTIONS = frozenset({"Conv2D", "DepthwiseConv2dNative"})
FUSED_CONVOLUTIONS = frozenset({"_FusedConv2D", "FusedDepthwiseConv2dNative"})
CONVOLUTIONS = UNFUSED_CONVOLUTIONS | FUSED_CONVOLUTIONS
# Those whose outputs are each made of all channels: the kernel's last extent counts the outputs.
FULL_CONVOLUTIONS = frozenset({"Conv2D", "_FusedConv2D"})
WEIGHTED_OPS = CONVOLUTIONS | {"MatMul", "_FusedMatMul"}
RESIZES = frozenset({"ResizeBilinear", "ResizeNearestNeighbor"})
# Those that show how large a tensor is, and nothing of its elements.
SIZE_OPS = frozenset({"Rank", "Shape", "ShapeN", "Size"})
# A Switch hands its input on to one side, and Merge gives that of the side that ran.
SWITCHES = frozenset({"RefSwitch", "Switch"})
MERGES = frozenset({"Merge", "RefMerge"})
