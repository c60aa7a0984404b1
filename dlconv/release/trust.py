"""Whose signature of a release counts, and whether it is theirs."""

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
    """Whose signature counts."""

    def prepare(self, config: "verifying.Config") -> None:
        """Tell model-signing whom to trust. Raises what ``one_line_errors`` turns into one."""


@dataclass(frozen=True)
class PublicKey:
    """Whoever has the private key to this one."""

    path: Path

    def prepare(self, config: "verifying.Config") -> None:
        """Read the key."""
        config.use_elliptic_key_verifier(public_key=self.path)


@dataclass(frozen=True)
class Certificates:
    """Whoever has a certificate from one of these."""

    chain: Sequence[Path]

    def prepare(self, config: "verifying.Config") -> None:
        """Read the certificates."""
        config.use_certificate_verifier(certificate_chain=self.chain)


@dataclass(frozen=True)
class Identity:
    """Whom an OpenID Connect provider knows by a name: a mail address, or a workflow's URL.

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
    """Return why the signature of a release is not of whom is trusted, or "" if it is.

    Raises DlconvError for keys and certificates that cannot be used, and without the extra.
    """
    config = verifying_config()
    with one_line_errors():
        trust.prepare(config)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            config.verify(folder, folder / SIGNATURE_NAME)
    except Exception as error:  # whatever a strange bundle makes model-signing run into
        return f"does not verify: {str(error).strip() or type(error).__name__}"
    return ""
