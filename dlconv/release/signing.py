"""Signing a release with OpenSSF model-signing.

The signer has a private key, alone or with a certificate for it, or, keyless, the identity of a CI
job that a Sigstore instance knows.
"""

import os
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dlconv.errors import DlconvError
from dlconv.release.check import check_release
from dlconv.release.document import SIGNATURE_NAME, SUMS_NAME
from dlconv.release.openssf import one_line_errors, signing_config
from dlconv.release.sums import sums
from dlconv.storage.disk import disk_trouble
from dlconv.storage.files import write_atomically

if TYPE_CHECKING:
    from model_signing import signing

IDENTITY_HINT = (
    "in GitHub Actions the job needs `permissions: id-token: write`; elsewhere use a private key"
)


class Signer(Protocol):
    """Who signs."""

    def prepare(self, config: "signing.Config") -> None:
        """Tell model-signing what to sign with.

        Raises DlconvError, or what ``one_line_errors`` turns into one.
        """


@dataclass(frozen=True)
class PrivateKey:
    """A private key, and optionally its certificate with the chain of issuers."""

    path: Path
    certificate: Path | None = None
    chain: Sequence[Path] = ()

    def prepare(self, config: "signing.Config") -> None:
        """Read the files."""
        if self.certificate is None:
            config.use_elliptic_key_signer(private_key=self.path)
            return
        config.use_certificate_signer(
            private_key=self.path,
            signing_certificate=self.certificate,
            certificate_chain=self.chain or [self.certificate],  # none at all is refused
        )


@dataclass(frozen=True)
class Keyless:
    """The identity of this CI job; ``trust_config`` describes another Sigstore than the public."""

    trust_config: Path | None = None

    def prepare(self, config: "signing.Config") -> None:
        """Ask CI for a token of its identity, and Sigstore for what it trusts."""
        from sigstore.oidc import IdentityError, detect_credential

        try:
            token = detect_credential()
        except IdentityError as error:
            raise DlconvError(
                f"there is no identity to sign with: {error}", IDENTITY_HINT, code="no-identity"
            ) from error
        if token is None:
            raise DlconvError(
                "there is no identity to sign with here", IDENTITY_HINT, code="no-identity"
            )
        config.use_sigstore_signer(identity_token=token, trust_config=self.trust_config)


def sign_release(folder: Path, signer: Signer) -> None:
    """Sign a release, in place of an earlier signature.

    Raises DlconvError for a release with a problem, for unusable keys, without the extra ``sign``,
    and when Sigstore does not sign.
    """
    problems = [each for each in check_release(folder) if each.path != SIGNATURE_NAME]
    if problems:
        raise DlconvError(
            f"{folder} cannot be signed: {problems[0]}",
            shlex.join(["dlconv", "check", str(folder)]),
        )
    config = signing_config()
    with one_line_errors():
        signer.prepare(config)
    signature = _signature(config, folder)
    with disk_trouble(folder):
        write_atomically(folder / SIGNATURE_NAME, signature)
        write_atomically(folder / SUMS_NAME, sums(folder))


def _signature(config: "signing.Config", folder: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix="dlconv-") as place:
        path = Path(place, SIGNATURE_NAME)
        try:
            # It follows no links.
            config.sign(Path(os.path.realpath(folder)), path)
        except UnicodeError as error:
            raise DlconvError(
                f"cannot sign {folder}: its name is not UTF-8", "rename it"
            ) from error
        except Exception as error:  # sigstore, requests and cryptography have their own
            raise DlconvError(f"cannot sign {folder}: {error}") from error
        return path.read_bytes()
