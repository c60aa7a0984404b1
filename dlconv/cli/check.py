"""``dlconv check``: checking a release."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, Verbose
from dlconv.cli.options.signing import TrustConfig
from dlconv.errors import UsageError
from dlconv.terminal.output import show

if TYPE_CHECKING:
    from dlconv.release.trust import Trust


@app.command(epilog="Example: dlconv check https://example.org/sample/1.0.0/ --public-key key.pub")
def check(
    release: Annotated[
        str, typer.Argument(metavar="DIR|URL", help="A release's folder, or its release.json.")
    ] = "release",
    public_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM file of the key that it has to be signed with."),
    ] = None,
    certificate_chain: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="PEM file of the root, or more, from which the signer has to have a certificate; "
            "may be given several times.",
        ),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            help="Identity that has to have signed it, keyless: a mail address, a workflow's URL."
        ),
    ] = None,
    identity_provider: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="OpenID Connect provider of the identity, such as "
            "https://token.actions.githubusercontent.com.",
        ),
    ] = None,
    trust_config: TrustConfig = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check a release: every byte, and that its evidence is for these bytes and is right.

    Needs neither TensorFlow nor the runtimes. Without a key or an identity, anybody may have signed
    it, or nobody. Exit code 0: nothing is wrong; 1: something is, or it could not be read.
    """
    from dlconv import api
    from dlconv.addresses import shown
    from dlconv.release.card import CARD_NAME
    from dlconv.release.report import as_data, tables
    from dlconv.terminal import console
    from dlconv.terminal.progress import show_progress

    trust = _trust(public_key, certificate_chain or [], identity, identity_provider, trust_config)
    found = api.check(
        release,
        trust=trust,
        download=show_progress,
        display=lambda: console.step(f"checking {shown(release)}"),
    )
    if found.release is not None and not found.is_card_compared:
        console.say(f"{CARD_NAME} was written by another dlconv: its words were not compared")
    if json:
        show(as_data(found.problems))
    elif found.release is not None:
        show(*tables(found.release, found.is_signed, trust is not None))
    for problem in found.problems:
        console.say(f"wrong: {problem}")
    if found.problems:
        raise typer.Exit(1)


def _trust(
    public_key: Path | None,
    chain: list[Path],
    identity: str | None,
    provider: str | None,
    trust_config: Path | None,
) -> "Trust | None":
    from dlconv import api

    if (identity is None) != (provider is None):
        raise UsageError("--identity and --identity-provider go together")
    trusted: list[Trust] = []
    if public_key:
        trusted.append(api.PublicKey(public_key))
    if chain:
        trusted.append(api.Certificates(chain))
    if identity is not None and provider is not None:
        trusted.append(api.Identity(identity, provider, trust_config))
    if len(trusted) > 1:
        raise UsageError("--public-key, --certificate-chain and --identity exclude each other")
    return trusted[0] if trusted else None
