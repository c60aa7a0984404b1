"""Resizing images: RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

from dlconv.convert.targets.litert.model import Options, Tensor
from dlconv.convert.targets.litert.operation import Operation, writes

_KINDS = {
    "ResizeBilinear": ("RESIZE_BILINEAR", "ResizeBilinearOptions"),
    "ResizeNearestNeighbor": ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
}


@writes(*_KINDS)
def resize(operation: Operation) -> Tensor:
    code, table = _KINDS[operation.op]
    image, size = operation.inputs
    if operation.op == "ResizeBilinear":
        image = operation.cast(image, "float32")
    fields = {
        "AlignCorners": operation.flag("align_corners"),
        "HalfPixelCenters": operation.flag("half_pixel_centers"),
    }
    return operation.add(code, [image, size], image.dtype, options=Options(table, fields))
