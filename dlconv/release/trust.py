"""Which signer of a release is trusted, and whether its signature is by that one."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dlconv.release.document import SIGNATURE_NAME
from dlconv.release.openssf import one_line_errors, verifying_config

if TYPE_CHECKING:
    from model_signing import verifying


class Trust(Protocol):
    """Which signer is trusted."""

    def prepare(self, config: "verifying.Config") -> None:
        """Tell model-signing whom to trust. Raises what ``one_line_errors`` translates."""


@dataclass(frozen=True)
class PublicKey:
    """The holder of the private key for this public key."""

    path: Path

    def prepare(self, config: "verifying.Config") -> None:
        """Read the key."""
        config.use_elliptic_key_verifier(public_key=self.path)


@dataclass(frozen=True)
class Certificates:
    """Holders of a certificate issued under one of these."""

    chain: Sequence[Path]

    def prepare(self, config: "verifying.Config") -> None:
        """Read the certificates."""
        config.use_certificate_verifier(certificate_chain=self.chain)


@dataclass(frozen=True)
class Identity:
    """An identity at an OpenID Connect provider: a mail address, or a workflow's URL.

    ``trust_config`` describes another Sigstore instance than the public one.
    """

    name: str
    provider: str
    trust_config: Path | None = None

    def prepare(self, config: "verifying.Config") -> None:
        """Ask Sigstore for what it trusts."""
        config.use_sigstore_verifier(
            identity=self.name, oidc_issuer=self.provider, trust_config=self.trust_config
        )


def complaint_about_signature(folder: Path, trust: Trust) -> str:
    """Return why the signature of a release is not by the trusted signer, or "" if it is.

    Raises DlconvError for keys and certificates that cannot be used, and without the extra.
    """
    config = verifying_config()
    with one_line_errors():
        trust.prepare(config)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            config.verify(folder, folder / SIGNATURE_NAME)
    except Exception as error:  # an invalid bundle may raise anything
        return f"does not verify: {str(error).strip() or type(error).__name__}"
    return ""
