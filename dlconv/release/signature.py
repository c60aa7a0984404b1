"""Which files a signature covers, before it is verified with any key.

``model.sig`` is a Sigstore bundle as OpenSSF model-signing writes it: a statement in a DSSE
envelope, signed, with the digest of every file of the release but itself and ``SHA256SUMS``, which
lists it.
"""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path

from dlconv.parsing import parse_json
from dlconv.release.document import SIGNATURE_NAME, SUMS_NAME
from dlconv.release.problem import Problem

# Files that the signature does not cover.
UNSIGNED = (SIGNATURE_NAME, SUMS_NAME)


def files_not_signed(folder: Path, digests: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each file that differs from what was signed; ``digests`` are SHA-256."""
    try:
        signed = _signed(folder / SIGNATURE_NAME)
    except (ValueError, LookupError, TypeError, AttributeError):
        yield Problem(SIGNATURE_NAME, "is not a signature as model-signing writes it")
        return
    covered = {path: digest for path, digest in digests.items() if path not in UNSIGNED}
    for path in sorted({*signed, *covered}):
        if path not in covered:
            yield Problem(path, "was signed and is missing")
        elif path not in signed:
            yield Problem(path, "was not signed")
        elif covered[path] != signed[path]:
            yield Problem(path, "is not the file that was signed")


def _signed(path: Path) -> dict[str, str]:
    bundle = parse_json(path.read_bytes())
    statement = parse_json(base64.b64decode(bundle["dsseEnvelope"]["payload"], validate=True))
    resources = statement["predicate"]["resources"]
    if any(resource["algorithm"] != "sha256" for resource in resources):
        raise ValueError("digests of another algorithm")
    return {str(resource["name"]): resource["digest"] for resource in resources}
