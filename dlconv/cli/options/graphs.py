"""Which graph, and where it is cut."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dlconv.graph.contract import Ends, Setting

GraphSpec = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL|PATH",
        help="A model's name or the path of a frozen graph (.pb). Default: the model fetched last.",
        show_default=False,
    ),
]

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL|PATH|URL",
        help="A model's name, or the path or the URL of one: a frozen graph (.pb), its tarball, a "
        "SavedModel, a TF.js graph model, one of 2018 as well, or ONNX. Default: "
        "the model fetched last.",
        show_default=False,
    ),
]

InputName = Annotated[
    str | None,
    typer.Option(
        "--inputs",
        metavar="NAME",
        help="The node that the image comes from, in place of the one that is found: sub_7, say, "
        "with --outputs ResizeBilinear_3.",
        show_default=False,
    ),
]

OutputNames = Annotated[
    str | None,
    typer.Option(
        "--outputs",
        metavar="NAME[,NAME]",
        help="The nodes that give the result, in place of those that are found: ArgMax, say.",
        show_default=False,
    ),
]


Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A value for a placeholder that is not the image, which then is a constant: "
        "is_training=false, say, or keep_prob=1; may be given several times.",
        show_default=False,
    ),
]


def ends_of(inputs: str | None, outputs: str | None, settings: list[str] | None) -> "Ends":
    """Return where a graph is cut and what it is given, as the options say."""
    from dlconv import api

    return api.Ends(inputs, names_of(outputs), settings_of(settings))


def settings_of(settings: list[str] | None) -> "tuple[Setting, ...]":
    """Return the values of placeholders that ``--set`` gives."""
    from dlconv.recipe import parse_setting

    return tuple(map(parse_setting, settings or ()))


def names_of(outputs: str | None) -> tuple[str, ...]:
    """Return the names of nodes that ``--outputs`` lists."""
    return () if outputs is None else tuple(name.strip() for name in outputs.split(","))
