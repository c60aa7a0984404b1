"""Each operation's rule against TensorFlow: its own inference, and what it gives when it runs."""

import functools

import numpy as np
import pytest
from support.graphs import const, data_type, graph_def, node, placeholder
from support.running import Session

from dlconv.convert.targets.onnx.operation import written_operations
from dlconv.convert.targets.onnx.write import can_write
from dlconv.graph.graph import Graph, NodeOutput
from dlconv.graph.shapes import infer_static
from dlconv.graph.shapes.rules import known_operations
from dlconv.graph.tensors import shape_proto
from dlconv.tensorflow import load_tensorflow
from dlconv.web import tfjs_operations

F, I, L, U, B = np.float32, np.int32, np.int64, np.uint8, np.bool_  # noqa: E741

FEEDS = {
    "image": np.linspace(0, 1, 2 * 6 * 8 * 4, dtype=F).reshape(2, 6, 8, 4),
    "first": np.ones((2, 4, 8, 6), F),
    "volume": np.ones((1, 5, 6, 7, 2), F),
    "cube": np.ones((2, 3, 4), F),
    "row": np.arange(4, dtype=F),
    "matrix": np.ones((3, 5), F),
    "whole": np.full((2, 3, 4), 3, I),
    "bytes": np.ones((2, 3, 4), U),
    "truth": np.array([[True, False, True], [False, True, True]]),
    "boxes": np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0.2, 0, 1, 1]], F),
    "scores": np.array([0.9, 0.8, 0.7], F),
    "single": np.ones((1, 3, 1), F),
    "colours": np.ones((2, 4, 5, 3), F),
    "yes": np.array(True),
    "axis": np.array(1, I),
    "sizes": np.array([3, 5], I),
}


def case(op, *inputs, name=None, numbers=None, stated=None, outputs=1, runs=True, **attributes):
    """A node of an op, what it reads (arrays become constants), and how many outputs it has."""
    label = name or op
    constants, names = [], []
    for index, value in enumerate(inputs):
        is_name = isinstance(value, str)
        names.append(value if is_name else f"{label}/{index}")
        if not is_name:
            constants.append(const(names[-1], value, getattr(value, "dtype", I)))
    made = node(label, op, *names, **attributes)
    for key, types in (numbers or {}).items():
        made.attr[key].list.type.extend(map(data_type, types))
    if stated is not None:
        made.attr["shape"].shape.CopyFrom(shape_proto(stated))
    return label, ([*constants, made], outputs, runs)


def of_images(op, *inputs, name=None, layout=b"NHWC", padding=b"SAME", **attributes):
    """A window over images with its channels last or first, which TensorFlow's CPU may not run."""
    is_first = layout == b"NCHW"
    name = name or f"{op} {layout.decode()} {padding.decode()}"
    explicit = {"explicit_paddings": PADS_FIRST if is_first else PADS_LAST}
    return case(
        op,
        "first" if is_first else "image",
        *inputs,
        name=name.replace(" ", "_"),
        T=F,
        data_format=layout,
        padding=padding,
        runs=not is_first,
        **(explicit if padding == b"EXPLICIT" else {}),
        **{key: _moved(value) if is_first else value for key, value in attributes.items()},
    )


def _moved(value):
    return [value[0], value[3], *value[1:3]] if isinstance(value, list) else value


PADS_LAST = [0, 0, 1, 2, 0, 1, 0, 0]
PADS_FIRST = [0, 0, 0, 0, 1, 2, 0, 1]
KERNEL = np.ones((3, 2, 4, 5), F)
GROUPED = np.ones((3, 3, 2, 6), F)
VECTOR = np.ones(4, F)
STRIDES = {"strides": [1, 2, 1, 1], "dilations": [1, 1, 2, 1]}
POOL = {"ksize": [1, 3, 2, 1], "strides": [1, 2, 1, 1]}
PADDINGS = np.array([[0, 0], [1, 2], [0, 3]], I)
LAYOUTS = (b"NHWC", b"NCHW")


def ops(names):
    return names.split()


def strided(name, starts, stops, steps, **masks):
    bounds = (np.array(values, I) for values in (starts, stops, steps))
    masks = {f"{key}_mask": value for key, value in masks.items()}
    return case("StridedSlice", "cube", *bounds, name=f"slice_{name}", T=F, Index=I, **masks)


CASES = dict(
    [
        *(
            case(op, "cube", T=F)
            for op in ops(
                "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Erfc Exp Expm1 Floor"
                " Inv IsFinite IsInf IsNan LeakyRelu Log Log1p LogSoftmax Neg Reciprocal Relu Relu6"
                " Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Square"
                " Tan Tanh Identity StopGradient PreventGradient OnesLike ZerosLike L2Loss"
            )
        ),
        case("CheckNumerics", "cube", T=F, message=b"no number"),
        case("Snapshot", "cube", T=F),
        case("LogicalNot", "truth"),
        case("Invert", "whole", T=I),
        *(
            case(op, "cube", "row", T=F)
            for op in ops(
                "Add AddV2 Atan2 Div DivNoNan Equal FloorDiv FloorMod Greater GreaterEqual Less"
                " LessEqual Maximum Minimum Mod Mul MulNoNan NotEqual Pow RealDiv"
                " SquaredDifference Sub Xdivy Xlog1py Xlogy"
            )
        ),
        *(
            case(op, "whole", "whole", T=I)
            for op in ops("BitwiseAnd BitwiseOr BitwiseXor TruncateDiv TruncateMod")
        ),
        case("ApproximateEqual", "cube", "cube", T=F),
        case("LogicalAnd", "truth", "truth"),
        case("LogicalOr", "truth", "truth"),
        case("BiasAdd", "image", VECTOR, T=F, data_format=b"NHWC"),
        case("BiasAddV1", "image", VECTOR, T=F),
        case("AddN", "cube", "cube", T=F, N=2),
        case("Cast", "cube", SrcT=F, DstT=I),
        case("Bitcast", "cube", T=F, type=I),
        case("Bitcast", "cube", name="Bitcast_to_bytes", T=F, type=U),
        case("Bitcast", "bytes", name="Bitcast_from_bytes", T=U, type=I),
        case("ClipByValue", "cube", np.array(0, F), np.array(1, F), T=F),
        case("FakeQuantWithMinMaxArgs", "cube"),
        case("FakeQuantWithMinMaxVars", "cube", np.array(0, F), np.array(6, F)),
        case("FakeQuantWithMinMaxVarsPerChannel", "cube", VECTOR * 0, VECTOR),
        case("EnsureShape", "cube", stated=(None, 3, 4), T=F),
        case("IdentityN", "cube", "truth", outputs=2, numbers={"T": [F, B]}),
        case("Print", "cube", "row", T=F, numbers={"U": [F]}),
        case("Select", "truth", "truth", "truth", T=B),
        case("SelectV2", "truth", "truth", np.array(True), T=B),
        *(
            case(
                op,
                "image",
                *[VECTOR] * 4,
                outputs=5,
                T=F,
                is_training=False,
                **({} if op == "FusedBatchNorm" else {"U": F}),
            )
            for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
        ),
        case("LRN", "image", T=F),
        *(
            of_images(op, kernel, layout=layout, padding=padding, name=f"{op}{index}", **STRIDES)
            for op, kernel in (("Conv2D", KERNEL), ("DepthwiseConv2dNative", KERNEL))
            for index, (layout, padding) in enumerate(
                (layout, padding)
                for layout in LAYOUTS
                for padding in (b"SAME", b"VALID", b"EXPLICIT")
            )
            if not (op.startswith("Depth") and padding == b"EXPLICIT")
        ),
        of_images("Conv2D", GROUPED, name="Conv2D_in_groups", strides=[1, 1, 1, 1]),
        *(
            of_images(op, layout=layout, padding=padding, **POOL)
            for op in ("AvgPool", "MaxPool")
            for layout in LAYOUTS
            for padding in (b"SAME", b"VALID", b"EXPLICIT")
            if not (op == "AvgPool" and padding == b"EXPLICIT")
        ),
        case(
            "MaxPool",
            "image",
            name="MaxPool_of_channels",
            T=F,
            padding=b"VALID",
            ksize=[1, 1, 1, 2],
            strides=[1, 1, 1, 2],
        ),
        case(
            "MaxPoolV2",
            "image",
            np.array([1, 3, 2, 1], I),
            np.array([1, 2, 1, 1], I),
            T=F,
            padding=b"VALID",
        ),
        case("MaxPoolWithArgmax", "image", outputs=2, T=F, Targmax=L, padding=b"SAME", **POOL),
        *(
            case(
                op,
                "volume",
                *kernel,
                T=F,
                padding=b"VALID",
                strides=[1, 1, 2, 1, 1],
                **({} if kernel else {"ksize": [1, 2, 3, 2, 1]}),
            )
            for op, kernel in (
                ("Conv3D", [np.ones((2, 3, 2, 2, 3), F)]),
                ("AvgPool3D", []),
                ("MaxPool3D", []),
            )
        ),
        case(
            "Conv2DBackpropInput",
            np.array([2, 12, 16, 3], I),
            np.ones((3, 3, 3, 4), F),
            "image",
            T=F,
            padding=b"SAME",
            strides=[1, 2, 2, 1],
        ),
        case(
            "Conv3DBackpropInputV2",
            np.array([1, 10, 12, 14, 3], I),
            np.ones((3, 3, 3, 3, 2), F),
            "volume",
            T=F,
            Tshape=I,
            padding=b"SAME",
            strides=[1, 2, 2, 2, 1],
        ),
        case(
            "DepthwiseConv2dNativeBackpropInput",
            np.array([2, 12, 16, 4], I),
            np.ones((3, 3, 4, 1), F),
            "image",
            T=F,
            padding=b"SAME",
            strides=[1, 2, 2, 1],
        ),
        case(
            "Dilation2D",
            "image",
            np.ones((3, 2, 4), F),
            T=F,
            padding=b"VALID",
            strides=[1, 2, 1, 1],
            rates=[1, 1, 2, 1],
        ),
        case(
            "ExtractImagePatches",
            "image",
            T=F,
            padding=b"VALID",
            ksizes=[1, 2, 3, 1],
            strides=[1, 2, 1, 1],
            rates=[1, 1, 2, 1],
        ),
        case(
            "ExtractVolumePatches",
            "volume",
            T=F,
            padding=b"SAME",
            ksizes=[1, 2, 3, 2, 1],
            strides=[1, 2, 1, 1, 1],
        ),
        *(
            case(op, "image", "sizes", T=F)
            for op in (
                "ResizeArea",
                "ResizeBicubic",
                "ResizeBilinear",
                "ResizeNearestNeighbor",
            )
        ),
        case("ResizeBilinear", "image", np.array([3, 5], I), name="Resize_to_constant", T=F),
        case("CropAndResize", "image", "boxes", np.zeros(3, I), np.array([3, 5], I), T=F),
        case("MirrorPad", "cube", PADDINGS, T=F, Tpaddings=I, mode=b"SYMMETRIC"),
        case("Pad", "cube", PADDINGS, T=F, Tpaddings=I),
        case("PadV2", "cube", PADDINGS, np.array(7, F), T=F, Tpaddings=I),
        case("SpaceToDepth", "image", T=F, block_size=2),
        case(
            "SpaceToDepth",
            "first",
            name="SpaceToDepth_first",
            T=F,
            block_size=2,
            runs=False,
            data_format=b"NCHW",
        ),
        case("DepthToSpace", "image", T=F, block_size=2),
        case(
            "DepthToSpace",
            "first",
            name="DepthToSpace_first",
            T=F,
            block_size=2,
            runs=False,
            data_format=b"NCHW",
        ),
        case("SpaceToBatchND", "image", np.array([2, 3], I), np.array([[0, 0], [1, 0]], I), T=F),
        case("BatchToSpaceND", "image", np.array([2], I), np.array([[0, 1]], I), T=F),
        case("SpaceToBatch", "image", np.array([[0, 0], [0, 0]], I), T=F, block_size=2),
        case(
            "BatchToSpace",
            np.ones((8, 3, 4, 1), F),
            np.array([[1, 0], [0, 1]], I),
            T=F,
            block_size=2,
        ),
        *(
            case(op, source, np.array([1], I), Tidx=I, keep_dims=keep, name=f"{op}{keep}", **types)
            for op, source, types in (
                *((op, "cube", {"T": F}) for op in ("Max", "Mean", "Min", "Prod", "Sum")),
                ("EuclideanNorm", "cube", {"T": F}),
                ("All", "truth", {}),
                ("Any", "truth", {}),
            )
            for keep in (False, True)
        ),
        case("Mean", "cube", "axis", name="Mean_over_any_axis", T=F, Tidx=I, keep_dims=True),
        case("Mean", "cube", "axis", name="Mean_without_any_axis", T=F, Tidx=I),
        case("ArgMax", "cube", np.array(-1, I), T=F, Tidx=I, output_type=L),
        case("ArgMin", "cube", "axis", T=F, Tidx=I, output_type=L),
        case("UnsortedSegmentMax", "cube", np.array([0, 1], I), np.array(3, I), T=F, Tindices=I),
        case("Gather", "cube", np.array([[0, 1, 1]], I), Tparams=F, Tindices=I),
        case("GatherV2", "cube", "axis", np.array(1, I), Tparams=F, Tindices=I, Taxis=I),
        case(
            "GatherV2",
            "cube",
            np.array([[0, 1], [2, 0]], I),
            np.array(-2, I),
            name="GatherV2_of_batches",
            batch_dims=1,
            Tparams=F,
            Tindices=I,
            Taxis=I,
        ),
        case(
            "GatherV2",
            "cube",
            np.array([1], I),
            "axis",
            name="GatherV2_along_any",
            Tparams=F,
            Tindices=I,
            Taxis=I,
        ),
        case("GatherNd", "cube", np.array([[0, 1], [1, 2]], I), Tparams=F, Tindices=I),
        case("ScatterNd", np.array([[0], [2]], I), "sizes", np.array([5], I), T=I, Tindices=I),
        case("TensorScatterUpdate", "row", np.array([[0]], I), np.ones(1, F), T=F, Tindices=I),
        case("OneHot", "whole", np.array(7, I), np.array(1, F), np.array(0, F), T=F, TI=I, axis=1),
        case(
            "OneHot",
            "whole",
            np.array(7, I),
            np.array(1, F),
            np.array(0, F),
            T=F,
            TI=I,
            name="OneHot_last",
        ),
        case("TopKV2", "cube", np.array(2, I), outputs=2, T=F),
        *(
            case(op, "boxes", "scores", np.array(2, I), *more, T=F, **extra)
            for op, more, extra in (
                ("NonMaxSuppressionV2", [np.array(0.5, F)], {}),
                ("NonMaxSuppressionV3", [np.array(0.5, F)] * 2, {}),
                ("NonMaxSuppressionV4", [np.array(0.5, F)] * 2, {"pad_to_max_output_size": True}),
            )
        ),
        case(
            "NonMaxSuppressionV4",
            "boxes",
            "scores",
            np.array(2, I),
            *[np.array(0.5, F)] * 2,
            name="NonMaxSuppressionV4_not_padded",
            outputs=2,
            T=F,
        ),
        case(
            "NonMaxSuppressionV5",
            "boxes",
            "scores",
            np.array(2, I),
            *[np.array(0.5, F)] * 3,
            outputs=3,
            T=F,
        ),
        case("Where", "truth", T=B),
        case("Unique", "row", outputs=2, T=F),
        case("UniqueV2", "matrix", np.array([1], I), outputs=2, T=F, Taxis=I),
        case("ListDiff", "sizes", np.array([3], I), T=I),
        case("Fill", "sizes", np.array(1, F), T=F),
        case("Fill", np.array([2, 3], I), np.array(1, F), name="Fill_fixed", T=F),
        case("Range", np.array(2, I), np.array(9, I), np.array(3, I), Tidx=I),
        case("Range", np.array(0, I), "axis", np.array(1, I), name="Range_of_any", Tidx=I),
        case("LinSpace", np.array(0, F), np.array(1, F), np.array(4, I), T=F, Tidx=I),
        case("BroadcastTo", "row", np.array([3, 4], I), T=F, Tidx=I),
        case("BroadcastArgs", np.array([3, 1], I), "sizes", T=I),
        case("Tile", "matrix", np.array([2, 1], I), T=F, Tmultiples=I),
        case("Tile", "matrix", "sizes", name="Tile_any", T=F, Tmultiples=I),
        case("Transpose", "cube", np.array([2, 0, 1], I), T=F, Tperm=I),
        case("ReverseV2", "cube", np.array([1], I), T=F, Tidx=I),
        case("Reverse", "truth", np.array([True, False]), T=B),
        case("Roll", "cube", np.array(1, I), np.array(1, I), T=F, Tshift=I, Taxis=I),
        case("ReverseSequence", "cube", np.array([1, 2], I), T=F, Tlen=I, seq_dim=1),
        case("Pack", "cube", "cube", T=F, N=2, axis=-1),
        case("Unpack", "cube", outputs=3, T=F, num=3, axis=1),
        case("Split", np.array(-1, I), "cube", outputs=2, T=F, num_split=2),
        case("Split", "axis", "cube", name="Split_any", outputs=3, T=F, num_split=3),
        case(
            "SplitV",
            "cube",
            np.array([1, -1], I),
            np.array(1, I),
            outputs=2,
            T=F,
            Tlen=I,
            num_split=2,
        ),
        case("ConcatV2", "cube", "cube", np.array(-1, I), T=F, Tidx=I, N=2),
        case("Concat", np.array(1, I), "cube", "cube", T=F, N=2),
        case("Reshape", "cube", np.array([2, -1], I), T=F, Tshape=I),
        case("Reshape", "matrix", "sizes", name="Reshape_any", T=F, Tshape=I),
        case("Squeeze", "single", T=F, squeeze_dims=[-1]),
        case("ExpandDims", "cube", np.array(-2, I), T=F, Tdim=I),
        case("ExpandDims", "cube", "axis", name="ExpandDims_any", T=F, Tdim=I),
        case("Slice", "cube", np.array([0, 1, 2], I), np.array([1, -1, 2], I), T=F, Index=I),
        strided("whole", [0], [0], [1], begin=1, end=1),
        strided("backwards", [0, 2], [2, 0], [1, -1]),
        strided("from_the_end", [-1, -2], [5, -1], [1, 1]),
        strided("ellipsis", [0, 1], [0, 3], [1, 2], ellipsis=1),
        strided("new", [0, 0, 0], [0, 0, 2], [1, 1, 1], new_axis=1, ellipsis=2),
        strided("shrunk", [1, 0, 2], [2, 0, 3], [1, 1, 1], shrink_axis=5, begin=2, end=2),
        strided(
            "all", [0, 0, 0, 1], [0, 0, 0, 9], [1, 1, 1, 2], ellipsis=2, new_axis=6, shrink_axis=3
        ),
        case("MatMul", "matrix", "matrix", T=F, transpose_a=True),
        case("BatchMatMul", "cube", "cube", T=F, adj_y=True),
        case("BatchMatMulV2", np.ones((3, 1, 4, 5), F), np.ones((2, 5, 6), F), T=F),
        case("BatchMatMulV3", "cube", "cube", T=F, Ta=F, Tb=F, Tout=F, adj_x=True),
        case("Einsum", "cube", "matrix", equation=b"bij,ik->kbj", T=F, N=2),
        case(
            "Einsum", "cube", "cube", equation=b"...ij,...kj->...ik", name="Einsum_dots", T=F, N=2
        ),
        case("Cumsum", "cube", np.array(1, I), T=F, Tidx=I),
        case("Cumprod", "cube", np.array(1, I), T=F, Tidx=I),
        case("MatrixBandPart", "cube", np.array(0, L), np.array(1, L), T=F, Tindex=L),
        case("MatrixDiag", "cube", T=F),
        case(
            "MatrixDiagV3",
            "cube",
            np.array(0, I),
            np.array(-1, I),
            np.array(-1, I),
            np.array(0, F),
            T=F,
        ),
        case("InvertPermutation", np.array([1, 0], I), T=I),
        case("Bincount", np.array([1, 1], I), np.array(5, I), np.ones(0, F), T=F),
        case("DenseBincount", np.ones((2, 3), I), np.array(5, I), np.ones(0, F), T=F, Tidx=I),
        case(
            "DynamicStitch",
            np.array([0], I),
            np.array([1, 2], I),
            np.ones((1, 4), F),
            np.ones((2, 4), F),
            T=F,
            N=2,
        ),
        case("Shape", "cube", T=F, out_type=I),
        case("ShapeN", "cube", "row", outputs=2, T=F, out_type=I, N=2),
        case("Rank", "cube", T=F),
        case("Size", "cube", T=F, out_type=I),
        case("RGBToHSV", np.ones((5, 3), F), T=F),
        case("RandomUniform", "sizes", T=I, dtype=F),
        case("Multinomial", "matrix", np.array(4, I), T=F, output_dtype=L),
        *(
            case(op, "cube", np.array([[0], [1]], I), "cube", T=F, Tindices=I)
            for op in ops("TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub")
        ),
        *(
            case(op, "cube", np.array([0, 1], I), np.array(3, I), T=F, Tindices=I)
            for op in ops("UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum")
        ),
        *(
            case(op, "cube", np.array([0, 1], I), np.array([0, 0], I), T=F, Tidx=I)
            for op in ops("SparseSegmentMean SparseSegmentSum")
        ),
        case(
            "SparseToDense",
            np.array([1], I),
            np.array([4], I),
            np.array(2, I),
            np.array(0, I),
            T=I,
            Tindices=I,
        ),
        case("UniqueWithCounts", "row", outputs=3, T=F),
        case("UniqueWithCountsV2", "row", np.array([0], I), outputs=3, T=F, Taxis=I),
        case("NonMaxSuppression", "boxes", "scores", np.array(2, I)),
        case("AdjustContrastv2", "image", np.array(1, F), T=F),
        case("AdjustHue", "colours", np.array(0, F), T=F),
        case("AdjustSaturation", "colours", np.array(1, F), T=F),
        case("HSVToRGB", "colours", T=F),
        case(
            "ImageProjectiveTransformV3",
            "image",
            np.ones((1, 8), F),
            "sizes",
            np.array(0, F),
            dtype=F,
            interpolation=b"NEAREST",
        ),
        case("Complex", "cube", "row", T=F),
        *(case(op, "Complex") for op in ops("ComplexAbs Real Imag FFT IFFT")),
        case("RFFT", "cube", np.array([4], I)),
        case("IRFFT", "Complex", np.array([6], I)),
        case(
            "MatrixDiagV2",
            "cube",
            np.array(1, I),
            np.array(-1, I),
            np.array(-1, I),
            np.array(0, F),
            T=F,
        ),
        case(
            "ParallelDynamicStitch",
            np.array([0], I),
            np.array([1, 2], I),
            np.ones((1, 4), F),
            np.ones((2, 4), F),
            T=F,
            N=2,
        ),
        case("RandomStandardNormal", "sizes", T=I, dtype=F),
        case("RandomUniformInt", "sizes", np.array(0, I), np.array(9, I), T=I, Tout=I),
        case("TruncatedNormal", np.array([2, 3], I), T=I, dtype=F),
        case("PlaceholderWithDefault", np.ones((2, 3), F), stated=(2, 3), dtype=F),
        case("Switch", "cube", "yes", outputs=2, T=F, runs=False),
        case("Merge", "Switch", "Switch:1", outputs=2, T=F, N=2, runs=False),
        case(
            "TensorListReserve",
            np.array([3, -1], I),
            np.array(2, I),
            element_dtype=F,
            shape_type=I,
            runs=False,
        ),
        case("TensorListLength", "TensorListReserve", runs=False),
        case(
            "TensorListStack",
            "TensorListReserve",
            np.array([3, -1], I),
            element_dtype=F,
            runs=False,
        ),
        case("UpperBound", "matrix", "matrix", T=F, out_type=I),
        case("LowerBound", "matrix", "matrix", T=F, out_type=I),
    ]
)

# Names of TensorFlow.js alone, tables, text, ragged and sparse tensors, and lists whose elements
# have shapes that only their writers tell.
WITHOUT_A_RULE = ops(
    "Conv1D DepthwiseConv2d HashTable HashTableV2 InitializeTable InitializeTableV2 LookupTableFind"
    " LookupTableFindV2 LookupTableImport LookupTableImportV2 NoOp Ones PrintV2 RaggedGather"
    " RaggedRange RaggedTensorToTensor SparseFillEmptyRows SparseReshape StringNGrams StringSplit"
    " TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayReadV3 TensorListConcat TensorListConcatV2"
    " TensorListGather TensorListPopBack Zeros"
)
# How many extents these state shows the rank of what is made of them.
OF_KNOWN_LENGTH = {"sizes"}
# Where an extent is unknown, TensorFlow says that these give four axes; they give five.
MISTAKEN = {"ExtractVolumePatches"}
RUNNABLE = [label for label, (_, _, runs) in CASES.items() if runs]


@functools.cache
def graph_with(is_free, labels=tuple(CASES)):
    """Cases in one graph, with placeholders of fixed or of any extents."""
    types = {name: value.dtype for name, value in FEEDS.items()}
    inputs = [
        placeholder(
            name,
            types[name],
            [None if is_free and name not in OF_KNOWN_LENGTH else n for n in value.shape],
        )
        for name, value in FEEDS.items()
    ]
    return graph_def(*inputs, *(made for label in labels for made in CASES[label][0]))


@functools.cache
def inferred(is_free):
    return infer_static(Graph(graph_with(is_free)))


@functools.cache
def in_tensorflow(is_free):
    """The shape of every output as TensorFlow infers it, None for an unknown rank."""
    v1 = load_tensorflow().compat.v1
    graph = v1.Graph()
    with graph.as_default():
        v1.import_graph_def(
            v1.GraphDef.FromString(graph_with(is_free).SerializeToString()), name=""
        )
    return {
        label: [
            None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
            for tensor in graph.get_operation_by_name(label).outputs
        ]
        for label in CASES
    }


@functools.cache
def results():
    """What every output that TensorFlow's CPU can compute is."""
    names = [f"{label}:{port}" for label in RUNNABLE for port in range(CASES[label][1])]
    with Session(graph_with(True, tuple(RUNNABLE))) as session:
        return dict(zip(names, session.fetch(names, **FEEDS), strict=True))


def extents_agree(known, truth):
    return len(known) == len(truth) and all(
        extent is None or actual is None or isinstance(extent, str) or extent == actual
        for extent, actual in zip(known, truth, strict=True)
    )


def value_of(extent):
    """What an extent is for these feeds: a symbol names a feed and an axis."""
    if not isinstance(extent, str):
        return extent
    name, axis = extent.removesuffix("]").split("[")
    return FEEDS[name].shape[int(axis)]


@pytest.mark.parametrize("is_free", [False, True], ids=["fixed", "free"])
@pytest.mark.parametrize("label", CASES)
def test_shapes_are_those_that_tensorflow_infers(label, is_free):
    theirs = in_tensorflow(is_free)[label]
    for port in range(CASES[label][1]):
        ours = inferred(is_free).shape_of(NodeOutput(label, port))
        assert ours is not None, f"the rank of output {port}"
        if theirs[port] is not None and not (is_free and label in MISTAKEN):
            assert extents_agree(ours, theirs[port]), (port, ours, theirs)


@pytest.mark.parametrize("is_free", [False, True], ids=["fixed", "free"])
@pytest.mark.parametrize("label", RUNNABLE)
def test_shapes_and_values_are_those_of_what_tensorflow_computes(label, is_free):
    for port in range(CASES[label][1]):
        result, output = results()[f"{label}:{port}"], NodeOutput(label, port)
        shape, value = inferred(is_free).shape_of(output), inferred(is_free).value_of(output)
        assert extents_agree(tuple(map(value_of, shape)), result.shape), (port, shape)
        if value is not None:
            known = [(value_of(v), r) for v, r in zip(value.ravel(), result.ravel(), strict=True)]
            assert all(v is None or v == r for v, r in known), (port, value, result)


def test_nothing_that_tensorflow_infers_at_fixed_sizes_is_unknown():
    less = {}
    for label, theirs in in_tensorflow(is_free=False).items():
        for port in range(CASES[label][1]):
            ours = inferred(is_free=False).shape_of(NodeOutput(label, port))
            if theirs[port] is not None and any(
                extent is None and known is not None
                for extent, known in zip(ours, theirs[port], strict=True)
            ):
                less[f"{label}:{port}"] = (ours, theirs[port])
    assert less == {}


# The example of docs/operations.md, which is registered once its code ran.
OF_THE_DOCS = {"SigmoidGrad"}


def test_what_a_converter_knows_has_a_rule():
    writable = {op for op in written_operations() if can_write(op)} - OF_THE_DOCS
    assert {*tfjs_operations().kernels, *writable} - known_operations() == {*WITHOUT_A_RULE}
