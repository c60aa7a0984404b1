"""The opsets that converters can write."""

from dlconv.errors import UsageError

# Below, several operators had no such types or inputs; above, ONNX Runtime Web loads no model.
OPSETS = (17, 26)


def check_opset(opset: int, known: tuple[int, int] = OPSETS) -> None:
    """Raise UsageError for an opset that is not in a range, the least and the greatest."""
    oldest, newest = known
    if not oldest <= opset <= newest:
        raise UsageError(
            f"the opset can be {oldest} to {newest}, not {opset}",
            code="old-opset" if known == OPSETS and opset < oldest else "opset",
            oldest=oldest,
            newest=newest,
            opset=opset,
        )
