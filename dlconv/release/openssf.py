"""OpenSSF model-signing as releases use it: what it covers, and its errors in one line each.

Other modules use it only through what ``signing_config`` and ``verifying_config`` return; it is
imported when these are called.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dlconv.errors import DlconvError
from dlconv.release.signature import UNSIGNED

if TYPE_CHECKING:
    from model_signing import hashing, signing, verifying

INSTALL = "pip install 'dlconv[sign]'"
KEY_HINT = "keys and certificates are PEM files of curve P-256, P-384 or P-521, not encrypted"
REACH_HINT = "check the network; a trust config says what to trust without it"


def signing_config() -> "signing.Config":
    """Return what signs a release, without a signer. Raises DlconvError without the extra."""
    with _needing_the_extra():
        from model_signing import signing
    return signing.Config().set_hashing_config(_all_but_unsigned())


def verifying_config() -> "verifying.Config":
    """Return what verifies a release, without a verifier. Raises DlconvError without the extra."""
    with _needing_the_extra():
        from model_signing import verifying
    return verifying.Config().set_hashing_config(_all_but_unsigned())


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what reading keys, or asking Sigstore what to trust, raises into a DlconvError."""
    from sigstore.errors import Error
    from sigstore.oidc import IssuerError

    try:
        yield
    except OSError as error:
        raise DlconvError(f"cannot read {error.filename}: {error.strerror}") from error
    except (Error, IssuerError) as error:
        raise DlconvError(
            f"cannot reach Sigstore: {error}", REACH_HINT, code="no-sigstore"
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DlconvError(
            f"a key, certificate or trust config cannot be used: {error}", KEY_HINT
        ) from error


def _all_but_unsigned() -> "hashing.Config":
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=UNSIGNED, ignore_git_paths=False)


@contextlib.contextmanager
def _needing_the_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise DlconvError(f"signatures need model-signing: {error}", INSTALL) from error
