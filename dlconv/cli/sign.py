"""``dlconv sign``: signing a release."""

from pathlib import Path
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Verbose
from dlconv.cli.options.signing import TrustConfig
from dlconv.errors import UsageError
from dlconv.terminal.output import tell


@app.command(epilog="Example: dlconv sign release --private-key key.pem")
def sign(
    release: Annotated[Path, typer.Argument(metavar="DIR", help="A release's folder.")] = Path(
        "release"
    ),
    private_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM file of a key on curve P-256, P-384 or P-521."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM file of the key's certificate.")
    ] = None,
    certificate_chain: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="PEM file of certificates between it and the root; may be given several times.",
        ),
    ] = None,
    keyless: Annotated[
        bool, typer.Option("--keyless", help="Sign as this CI job, through Sigstore.")
    ] = False,
    trust_config: TrustConfig = None,
    verbose: Verbose = False,
) -> None:
    """Sign a release with OpenSSF model-signing: model.sig, over every file but SHA256SUMS.

    A release with problems is not signed. Keys: openssl ecparam -name prime256v1 -genkey -noout
    -out key.pem; openssl ec -in key.pem -pubout -out key.pub
    """
    from dlconv import api
    from dlconv.terminal import console

    if keyless == (private_key is not None):
        raise UsageError("say who signs: --private-key FILE or --keyless")
    if private_key is None and (certificate or certificate_chain):
        raise UsageError("a certificate goes with --private-key")
    if certificate_chain and not certificate:
        raise UsageError("--certificate-chain goes with --certificate")
    chain = certificate_chain or []
    signer = (
        api.PrivateKey(private_key, certificate, chain)
        if private_key
        else api.Keyless(trust_config)
    )
    with console.step(f"signing {release}"):
        api.sign(release, signer)
    tell(f"{release}: signed")
