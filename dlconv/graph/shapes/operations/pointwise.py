"""Operations that compute element by element: the output has the shape of what goes in."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes.extents import broadcast, same_shape
from dlconv.graph.shapes.rules import gives_shape, gives_shapes
from dlconv.graph.shapes.static import Static
from dlconv.graph.tensors import extents_of

UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh Ceil ComplexAbs Conj Cos Cosh Digamma Elu Erf Erfc Exp"
    " Expm1 Floor Imag Inv Invert IsFinite IsInf IsNan LeakyRelu Lgamma Log Log1p LogSoftmax"
    " LogicalNot Neg Real Reciprocal Relu Relu6 Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh"
    " Softmax Softplus Softsign Sqrt Square Tan Tanh"
)
PASSING_ON = (
    "CheckNumerics CheckNumericsV2 DeepCopy Enter Exit Identity LoopCond NextIteration"
    " PreventGradient Print RefEnter RefExit RefIdentity RefNextIteration Snapshot"
    " StopGradient"
)
BINARY = (
    "Add AddV2 ApproximateEqual Atan2 BitwiseAnd BitwiseOr BitwiseXor Complex Div DivNoNan Equal"
    " FloorDiv FloorMod Greater GreaterEqual LeftShift Less LessEqual LogicalAnd LogicalOr Maximum"
    " Minimum Mod Mul MulNoNan NextAfter NotEqual Pow RealDiv RightShift SquaredDifference Sub"
    " TruncateDiv TruncateMod Xdivy Xlog1py Xlogy"
)
# These keep the shape of their first input, whatever else they take.
LIKE_THE_FIRST = (
    "AdjustContrastv2 AdjustHue AdjustSaturation BatchNormWithGlobalNormalization BiasAdd BiasAddV1"
    " Cast ClipByValue Cumprod Cumsum CumulativeLogsumexp Dequantize FFT FFT2D"
    " FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel HSVToRGB"
    " IFFT IFFT2D InvertPermutation LRN MatrixBandPart OnesLike Prelu QuantizeAndDequantize"
    " QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 RGBToHSV"
    " RandomShuffle Reverse ReverseSequence ReverseV2 Roll ScatterNdNonAliasingAdd"
    " StaticRegexReplace StringToHashBucketFast TensorScatterAdd TensorScatterMax TensorScatterMin"
    " TensorScatterSub TensorScatterUpdate ZerosLike"
)


@gives_shape(f"{UNARY} {PASSING_ON} {LIKE_THE_FIRST}")
def _like_the_first(static: Static, node: NodeDef) -> Shape:
    return static.shape(node, 0)


@gives_shape(BINARY)
def _broadcast(static: Static, node: NodeDef) -> Shape:
    return broadcast(static.shape(node, 0), static.shape(node, 1))


@gives_shape("BroadcastArgs")
def _broadcast_args(static: Static, node: NodeDef) -> Shape:
    ranks = [shape[0] for shape in (static.shape(node, 0), static.shape(node, 1)) if shape]
    known = [rank for rank in ranks if isinstance(rank, int)]
    return (max(known) if len(known) == 2 else None,)


@gives_shape("SelectV2")
def _select_broadcast(static: Static, node: NodeDef) -> Shape:
    return broadcast(*(static.shape(node, index) for index in range(3)))


@gives_shape("Select")
def _select(static: Static, node: NodeDef) -> Shape:
    return same_shape(static.shape(node, 1), static.shape(node, 2))


@gives_shape("AccumulateNV2 AddN")
def _sum(static: Static, node: NodeDef) -> Shape:
    return same_shape(*_all_shapes(static, node))


@gives_shapes("IdentityN")
def _identities(static: Static, node: NodeDef) -> Sequence[Shape]:
    return _all_shapes(static, node)


@gives_shape("EnsureShape")
def _ensure_shape(static: Static, node: NodeDef) -> Shape:
    stated = extents_of(attribute(node, "shape").shape)
    return same_shape(static.shape(node, 0), stated)


@gives_shapes("QuantizeV2")
def _quantize(static: Static, node: NodeDef) -> Sequence[Shape]:
    return static.shape(node, 0), None, None


@gives_shapes("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 _FusedBatchNormEx")
def _batch_norm(static: Static, node: NodeDef) -> Sequence[Shape]:
    image, scale = static.shape(node, 0), static.shape(node, 1)
    is_channels_first = attribute(node, "data_format").s.startswith(b"NC")
    channels = None if image is None else image[1 if is_channels_first else -1]
    vector = same_shape((channels,), scale)
    return (image, vector, vector, vector, vector)


def _all_shapes(static: Static, node: NodeDef) -> list[Shape]:
    return [static.shape(node, index) for index in range(len(static.graph.sources(node)))]
