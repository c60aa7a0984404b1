"""``dlconv pack``, ``sign`` and ``check``: artifacts that passed, with their proof."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options import Json, RegistryFile, Verbose, load_registry
from dlconv.terminal.output import show, tell

if TYPE_CHECKING:
    from dlconv.release.trust import Trust

TrustConfig = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What to trust, as JSON (ClientTrustConfig), in place of the public Sigstore.",
    ),
]


@app.command(epilog="Example: dlconv pack artifacts/sample --version 1.0.0 -o release")
def pack(
    artifacts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ARTIFACT", help="Of one model. Default: all below artifacts/."),
    ] = None,
    version: Annotated[str, typer.Option(help="The release's version.")] = "0.1.0",
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="The release's folder.")
    ] = Path("release"),
    evidence: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A JSON report of dlconv verify, beside the evidence that verify keeps beside "
            "artifacts; may be given several times.",
        ),
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Put artifacts that passed into a release: a folder with their files and their proof."""
    from dlconv import pipeline
    from dlconv.release.pack import pack as make_release
    from dlconv.terminal import console

    chosen = pipeline.choose_artifacts(artifacts or [])
    known = load_registry(registry).models.get(chosen[0].manifest.source.model)
    with console.step(f"packing {out}"):
        release = make_release(chosen, version, out, known, evidence or ())
    if json:
        size = sum(file.bytes for each in release.artifacts for file in each.files)
        show({"path": str(out), "content_sha256": release.content_sha256, "bytes": size})
    else:
        tell(f"{out}: {release.name} {release.version}, {len(release.artifacts)} artifacts")


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

    A release with which something is wrong is not signed. Keys: openssl ecparam -name prime256v1
    -genkey -noout -out key.pem; openssl ec -in key.pem -pubout -out key.pub
    """
    from dlconv.errors import UsageError
    from dlconv.release.signing import Keyless, PrivateKey, sign_release
    from dlconv.terminal import console

    if keyless == (private_key is not None):
        raise UsageError("say who signs: --private-key FILE or --keyless")
    if private_key is None and (certificate or certificate_chain):
        raise UsageError("a certificate goes with --private-key")
    if certificate_chain and not certificate:
        raise UsageError("--certificate-chain goes with --certificate")
    chain = certificate_chain or []
    signer = PrivateKey(private_key, certificate, chain) if private_key else Keyless(trust_config)
    with console.step(f"signing {release}"):
        sign_release(release, signer)
    tell(f"{release}: signed")


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
        typer.Option(help="Who has to have signed it, keyless: a mail address, a workflow's URL."),
    ] = None,
    identity_provider: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Who vouches for the identity, such as "
            "https://token.actions.githubusercontent.com.",
        ),
    ] = None,
    trust_config: TrustConfig = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check a release again: every byte, and that its evidence is for these bytes and holds.

    Needs neither TensorFlow nor the runtimes. Without a key or an identity, anybody may have signed
    it, or nobody. Exit code 0: nothing is wrong; 1: something is, or it could not be read.
    """
    from dlconv.release.bring import brought_release
    from dlconv.release.card import CARD_NAME
    from dlconv.release.check import check_release
    from dlconv.release.document import read_release
    from dlconv.release.papers import is_card_compared
    from dlconv.release.report import as_data, tables
    from dlconv.terminal import console

    trust = _trust(public_key, certificate_chain or [], identity, identity_provider, trust_config)
    with brought_release(release) as folder:
        with console.step(f"checking {release}"):
            problems = check_release(folder, trust)
        if not problems and not is_card_compared(read_release(folder)):
            console.say(f"{CARD_NAME} was written by another dlconv: its words were not compared")
        show(*([as_data(problems)] if json else tables(folder, problems, trust is not None)))
    for problem in problems:
        console.say(f"wrong: {problem}")
    if problems:
        raise typer.Exit(1)


def _trust(
    public_key: Path | None,
    chain: list[Path],
    identity: str | None,
    provider: str | None,
    trust_config: Path | None,
) -> "Trust | None":
    from dlconv.errors import UsageError
    from dlconv.release.trust import Certificates, Identity, PublicKey

    if (identity is None) != (provider is None):
        raise UsageError("--identity and --identity-provider go together")
    trusted: list[Trust] = []
    if public_key:
        trusted.append(PublicKey(public_key))
    if chain:
        trusted.append(Certificates(chain))
    if identity is not None and provider is not None:
        trusted.append(Identity(identity, provider, trust_config))
    if len(trusted) > 1:
        raise UsageError("--public-key, --certificate-chain and --identity exclude each other")
    return trusted[0] if trusted else None
