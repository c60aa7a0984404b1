"""Products of matrices, and einsum."""

from collections.abc import Sequence

from dlconv.verify.conformance.cases import makes
from dlconv.verify.conformance.draw import EMPTY, NOT_FINITE, Draw, Input

NUMBERS = ("float32", "int32", "float16", "int64", "float64")


def _is_constant(draw: Draw) -> bool:
    return draw.pick("second is", "computed", "constant") == "constant"


@makes("MatMul")
def _mat_mul(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", *NUMBERS)
    draw.edges(NOT_FINITE, EMPTY)
    rows, inner, columns = draw.pick("size", (3, 4, 5), (1, 4, 1), (1, 1, 3))
    first = [inner, rows] if draw.attribute("transpose_a", False, True) else [rows, inner]
    second = [columns, inner] if draw.attribute("transpose_b", False, True) else [inner, columns]
    return [
        Input(draw.values(dtype, first), False),
        Input(draw.values(dtype, second), _is_constant(draw)),
    ]


@makes("BatchMatMul", "BatchMatMulV2")
def _batch_mat_mul(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", *NUMBERS)
    draw.edges(EMPTY)
    batch = [[2], [], [2, 3], [2, 1, 3]][draw.pick("batch", 0, 1, 2, 3)]
    other = batch
    if draw.definition.name != "BatchMatMul":
        other = draw.pick("other batch", batch, [1] * len(batch), [], [2, *batch])
    first = [4, 3] if draw.attribute("adj_x", False, True) else [3, 4]
    second = [5, 4] if draw.attribute("adj_y", False, True) else [4, 5]
    return [
        Input(draw.values(dtype, [*batch, *first]), False),
        Input(draw.values(dtype, [*other, *second]), _is_constant(draw)),
    ]


@makes("Einsum")
def _einsum(draw: Draw) -> Sequence[Input]:
    dtype = draw.dtype("T", "float32", "float16", "int32")
    extents = {"a": 2, "b": 3, "c": 4, "d": 5, "e": 2}
    equation = draw.attribute(
        "equation",
        "ab,bc->ac",
        "abc,acd->abd",
        "abcd,aecd->acbe",
        "abc,cd->abd",
        "abcd,cde->abe",
        "ab,ab->",
        "ab,cd->abcd",
        "ab->ba",
        "abc->b",
        "...ab,...bc->...ac",
    )
    terms = equation.split("->")[0].split(",")
    draw.fixed("N", len(terms))
    shapes = [[extents[each] for each in term.replace("...", "e")] for term in terms]
    return [Input(draw.values(dtype, shape), False) for shape in shapes]
