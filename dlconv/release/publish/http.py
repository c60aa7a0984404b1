"""Requests to a service: patient with what may pass, and in one line about what does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import requests

from dlconv.addresses import host_of
from dlconv.errors import DlconvError
from dlconv.net.http import PASSING_STATUSES, malformed, reason_of

TIMEOUTS = (10.0, 60.0)
TRIES = 4
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0

T = TypeVar("T")


class PassingError(DlconvError):
    """A failure that may pass."""


class Bearer(requests.auth.AuthBase):
    """A token for one host; requests takes it off where another host answers."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token into a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def patiently(attempt: Callable[[], T]) -> T:
    """Return what an attempt returns; repeat it, a few times, while it raises PassingError."""
    import tenacity

    trying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_exponential(FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
        + tenacity.wait_random(0, FIRST_WAIT_SECONDS),
        retry=tenacity.retry_if_exception_type(PassingError),
        reraise=True,
    )
    return trying(attempt)


@contextmanager
def network_trouble(url: str, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn what requests, and what is below it, raises into a DlconvError about the URL's host.

    Of ``but``, which is no error of theirs, they are left as they are.
    """
    host = host_of(url)
    try:
        yield
    except requests.exceptions.SSLError as error:
        hint = "the certificate is not trusted: check the clock and the proxy"
        raise DlconvError(f"no safe connection to {host}: {reason_of(error)}", hint) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        hint = "check the network, then run the same command again"
        raise PassingError(f"cannot reach {host}: {reason_of(error)}", hint) from error
    except requests.RequestException as error:
        raise DlconvError(f"{host}: {error}") from error
    except DlconvError:
        raise
    except but:
        raise
    except OSError as error:
        raise DlconvError(f"cannot reach {host}: {reason_of(error)}") from error
    except Exception as error:
        raise malformed(url, error) from error


def may_pass(status: int) -> bool:
    """Tell whether another try may have another answer."""
    return status in PASSING_STATUSES or status >= 500


def refusal(response: requests.Response, hint: str) -> DlconvError:
    """Return the error for an answer that is none of those wanted."""
    status = response.status_code
    message = f"{host_of(response.url)}: {status} {response.reason}{_words_in(response)}"
    if may_pass(status):
        return PassingError(message, "the server has trouble: run the same command again later")
    return DlconvError(message, hint)


def _words_in(response: requests.Response) -> str:
    """Return what a service says in JSON, as GitHub and registries of images do."""
    try:
        said = response.json()
        words = [said.get("message"), *(each.get("message") for each in said.get("errors", []))]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return ""
    return "".join(f": {each}" for each in words if each)
