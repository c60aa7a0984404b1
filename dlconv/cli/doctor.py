"""``dlconv doctor``: whether this machine has what dlconv needs."""

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, Verbose
from dlconv.terminal.output import show


@app.command(epilog="Example: dlconv doctor --json")
def doctor(json: Json = False, verbose: Verbose = False) -> None:
    """Try all that dlconv uses, and say what is missing or broken and how to get it.

    Exit code 1: the base or one of its runtimes does not work. Chromium counts where the extra
    browser is installed or DLCONV_CHROMIUM names one; extras that are not installed never count.
    """
    from dlconv import api
    from dlconv.doctor import report
    from dlconv.terminal import console

    with console.steps("looking") as progress:
        checks = api.doctor(progress)
    if json:
        show(report.as_data(checks))
    else:
        show(*report.screen(checks))
    wrong = report.failing(checks)
    if wrong:
        console.say(f"broken: {', '.join(each.name for each in wrong)}")
        raise typer.Exit(1)
