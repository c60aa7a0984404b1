"""Which graph, and where it is cut."""

from typing import Annotated

import typer

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


def names_of(outputs: str | None) -> tuple[str, ...]:
    """Return the names of nodes that ``--outputs`` lists."""
    return () if outputs is None else tuple(name.strip() for name in outputs.split(","))
