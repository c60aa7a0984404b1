"""How ``dlconv inspect`` finds its command: by a first word that names one, or by an old option.

Before there were commands, ``--diff``, ``--view``, ``--tensorboard`` and ``--logdir`` selected what
to do. They still work, with the options that belonged to them. A first word that names a command is
the command: a path of that name is written ``./diff``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from dlconv.cli.app import app
from dlconv.errors import UsageError

# The command that shows one model; its name is not for users.
ONE = "one"
DIFF, VIEW, TENSORBOARD, LOGDIR = "--diff", "--view", "--tensorboard", "--logdir"
# The old options that select a command, and the options that belonged to each.
OLD: Mapping[str, frozenset[str]] = {
    DIFF: frozenset({"--json", "--markdown"}),
    VIEW: frozenset({"--artifact", "--image", "--port", "--no-open"}),
    TENSORBOARD: frozenset({"--logdir", "--inputs", "--outputs", "--port", "--no-open"}),
    LOGDIR: frozenset({"--inputs", "--outputs"}),
    ONE: frozenset({"--input-size", "--inputs", "--outputs", "--opset", "--check"})
    | {"--json", "--markdown"},
}
KNOWN = frozenset().union(OLD, *OLD.values()) - {ONE}


class InspectGroup(TyperGroup):
    """The group of commands; a line that names none of them shows a model."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the command's name where it is missing."""
        if not args or args[0] not in self.commands or args[0] == ONE:
            args = translated(args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command; its usage line shows the name only where users type it."""
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == ONE else name, command, rest


def translated(words: Sequence[str]) -> list[str]:
    """Return a command line without a command's name as one with it.

    Raises UsageError for options that do nothing with the selected command.
    """
    given = [word.partition("=")[0] for word in words if word.startswith("--")]
    mode = next((mode for mode in OLD if mode in given), ONE)
    _refuse_others(mode, given)
    if mode == DIFF:
        return ["diff", *(word for word in words if word != DIFF)]
    if mode == VIEW:
        return ["view", *(_renamed(word, VIEW, "--viewer") for word in words)]
    if mode == TENSORBOARD:
        return ["tensorboard", *(word for word in words if word != TENSORBOARD)]
    if mode == LOGDIR:
        return ["tensorboard", "--no-serve", *words]
    return [ONE, *words]


def _renamed(word: str, old: str, new: str) -> str:
    name, equals, value = word.partition("=")
    return f"{new}{equals}{value}" if name == old else word


def _refuse_others(mode: str, given: Sequence[str]) -> None:
    for option in given:
        if option in (mode, *OLD[mode]) or option not in KNOWN:
            continue
        if mode != ONE:
            raise UsageError(f"{option} does nothing with {mode}")
        modes = [name for name, options in OLD.items() if option in options]
        raise UsageError(f"{option} does nothing without {' or '.join(modes)}")


inspect_app = typer.Typer(
    cls=InspectGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
app.add_typer(
    inspect_app,
    name="inspect",
    help="Show a model's contract, what its stages cost, where its ops can run; compare two.",
)
