"""Translating manifests of schema 1, which dlconv 0.1 wrote, to schema 2.

Their ``options`` held what is now the recipe, by names of the command line, and their precision was
the storage type alone: ``uint8`` for int8 weights in ONNX, ``static`` and ``plain1`` as well.
"""

from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from dlconv.recipe import CONVERTERS, PRECISIONS, precision_of


class _Former(BaseModel, extra="ignore"):
    """The fields of a manifest of schema 1 that schema 2 has in another form."""

    target: Literal["tfjs", "onnx"]
    precision: Literal["float32", "float16", "uint16", "uint8", "auto"]
    converter: str


class _Options(BaseModel, extra="ignore"):
    """The options that mattered; there may have been others."""

    quantize: str = "0"
    per_channel: bool = False
    input_size: tuple[int, int] | None = None
    input_dtype: str | None = None
    output: str | None = None
    output_dtype: str | None = None
    opset: int | None = None
    rewrite: bool = True
    upgraded: bool = False
    calibration: dict[str, Any] | None = None
    floors: Any = None


def with_recipe(content: Any) -> Any:
    """Return the content of a manifest with a recipe in place of the options of schema 1.

    Content of another schema is returned as it is. Raises ValueError for invalid options.
    """
    if not isinstance(content, dict) or content.get("schema") != 1:
        return content
    former = _validated(_Former, content, "")
    options = _validated(_Options, content.get("options"), "options: ")
    rest = {name: value for name, value in content.items() if name != "options"}
    now = {**rest, "schema": 2, "upgraded": options.upgraded, "calibration": options.calibration}
    if options.upgraded:
        return now
    recipe = _recipe(former, options)
    return {**now, "precision": recipe["precision"], "recipe": recipe}


def _recipe(former: _Former, options: _Options) -> dict[str, Any]:
    precision = precision_of(options.quantize, former.target)
    if precision is None or precision.former_word != former.precision:
        known = ", ".join(each.value for each in PRECISIONS[former.target])
        raise ValueError(
            f"options: quantize: {options.quantize!r} gives no {former.precision} for "
            f"{former.target}, which has {known}"
        )
    if former.converter not in CONVERTERS[former.target]:
        raise ValueError(f"converter: {former.converter!r} is not known for {former.target}")
    return {
        "target": former.target,
        "precision": precision.value,
        "per_channel": options.per_channel,
        "interface": {
            "input_size": options.input_size,
            "input_dtype": options.input_dtype,
            "output": options.output or "labels",
            "output_dtype": options.output_dtype,
        },
        "rewrite": options.rewrite,
        "converter": former.converter,
        "opset": options.opset,
        "floors": options.floors,
    }


def _validated(model: Any, content: Any, where: str) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}{place}: {first['msg']}") from error
