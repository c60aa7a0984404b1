"""What requests over HTTP have in common, downloads and those to services: how failures are told.

requests and the libraries below it raise their own errors for most of what a server may do. For an
answer that is no HTTP, an address in a header say that cannot be one, they leave whatever Python
raises, ``MALFORMED`` for one.
"""

import http.client

from dlconv import __version__
from dlconv.addresses import host_of
from dlconv.errors import DlconvError

USER_AGENT = f"dlconv/{__version__}"
PASSING_STATUSES = (408, 429)
MALFORMED = (ValueError, http.client.HTTPException, RecursionError)


def malformed(url: str, error: BaseException) -> DlconvError:
    """Return the error for an answer that is no HTTP."""
    return DlconvError(
        f"{host_of(url)} sends what is no HTTP: {reason_of(error)}",
        "check the address, and what answers there: curl -v shows it",
    )


def reason_of(error: BaseException) -> str:
    """Return the innermost words for a network error, which libraries wrap several times."""
    cause = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    words = cause.strerror if isinstance(cause, OSError) else ""
    return words or str(cause) or type(cause).__name__
