"""Sessions and errors of HTTP, for downloads and for requests to services.

requests and the libraries below it raise their own errors for most of what a server may do. For an
answer that is invalid HTTP, such as one with an impossible address in a header, they let Python's
errors through. All of them become a DlconvError of one line that names the host, and a PassingError
where another try may succeed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import requests
import urllib3
from pydantic import TypeAdapter, ValidationError

from dlconv import __version__
from dlconv.addresses import host_of
from dlconv.errors import Advice, DlconvError
from dlconv.net.patience import WITH_SERVICES, PassingError, Patience

USER_AGENT = f"dlconv/{__version__}"
PASSING_STATUSES = (408, 429)
# No size of a file and no time to wait has more digits; Python refuses to parse very long ones.
MOST_DIGITS = 18
REACH_HINT = "check the network, then run the same command again"
UNSAFE_HINT = "the certificate is not trusted: check the clock and the proxy"
TROUBLE_HINT = "the server has trouble: run the same command again later"
ANSWER_HINT = "check the address, and what answers there: curl -v shows it"
# The errors from reading JSON that has not the expected form.
UNEXPECTED_JSON = (LookupError, TypeError, AttributeError, RecursionError)

T = TypeVar("T")


class Session(requests.Session):
    """A session with dlconv's User-Agent and with timeouts."""

    def __init__(self, patience: Patience = WITH_SERVICES) -> None:
        super().__init__()
        self.headers["User-Agent"] = USER_AGENT
        self._timeouts = patience.timeouts

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request; options are those of requests."""
        return super().request(*arguments, **{"timeout": self._timeouts, **options})


class Bearer(requests.auth.AuthBase):
    """A token for one host; requests drops it in a redirect to another host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token into a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@contextmanager
def network_trouble(
    url: str,
    *,
    patience: Patience = WITH_SERVICES,
    what: str = "",
    stopped: Callable[[str], DlconvError] | None = None,
    reach_hint: str = REACH_HINT,
    unsafe_hint: str = UNSAFE_HINT,
    but: tuple[type[Exception], ...] = (),
) -> Iterator[None]:
    """Turn what requests and the libraries below it raise into a DlconvError about the URL's host.

    ``what``, the host by default, begins a message of theirs, and ``stopped`` makes the error for
    a server that stops in the middle of its answer. Exceptions of the types ``but`` are left as
    they are.
    """
    host = host_of(url)
    stopped = stopped or (lambda did: DlconvError(f"{host}: the server {did}", reach_hint))
    try:
        yield
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
        message = f"no safe connection to {host}: {reason_of(error)}"
        raise DlconvError(message, unsafe_hint) from error
    except requests.exceptions.ConnectTimeout as error:
        reason = f"no connection within {patience.connect_seconds:g} s"
        raise PassingError(f"cannot reach {host}: {reason}", reach_hint) from error
    except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as error:
        raise passing(stopped(f"sent nothing for {patience.read_seconds:g} s")) from error
    except requests.exceptions.ConnectionError as error:
        raise PassingError(f"cannot reach {host}: {reason_of(error)}", reach_hint) from error
    except urllib3.exceptions.HTTPError as error:
        raise passing(stopped("stopped half-way")) from error
    except requests.exceptions.InvalidJSONError as error:
        raise other_answer(host, reason_of(error)) from error
    except requests.RequestException as error:
        raise DlconvError(f"{what or host}: {error}", reach_hint) from error
    except DlconvError:
        raise
    except but:
        raise
    except OSError as error:
        raise DlconvError(f"cannot reach {host}: {reason_of(error)}", reach_hint) from error
    except Exception as error:
        message = f"{host} sends invalid HTTP: {reason_of(error)}"
        raise DlconvError(message, ANSWER_HINT) from error


def reason_of(error: BaseException) -> str:
    """Return the innermost message of a network error, which libraries wrap several times."""
    cause = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    words = cause.strerror if isinstance(cause, OSError) else ""
    return words or str(cause) or type(cause).__name__


def passing(error: DlconvError) -> PassingError:
    """Return an error as a PassingError."""
    return PassingError(error.message, Advice(error.hint, error.code))


def may_pass(status: int) -> bool:
    """Tell whether another try may succeed after an answer of this status."""
    return status in PASSING_STATUSES or status >= 500


def refusal(
    place: str,
    response: requests.Response,
    hint: str,
    trouble_hint: str = TROUBLE_HINT,
    words: str = "",
) -> DlconvError:
    """Return the error for an answer of an unwanted status; its body is not read."""
    message = f"{place}: {response.status_code} {response.reason}{words}"
    if not may_pass(response.status_code):
        return DlconvError(message, hint)
    seconds = response.headers.get("Retry-After", "")
    return PassingError(message, trouble_hint, number(seconds) if seconds.isdecimal() else 0)


def refusal_in_words(response: requests.Response, hint: str) -> DlconvError:
    """Return the error for a service's answer, with what it says in JSON."""
    return refusal(host_of(response.url), response, hint, words=_words_in(response))


def _words_in(response: requests.Response) -> str:
    """Return the messages in an answer of GitHub or a container registry, each in its form."""
    try:
        said = response.json()
        words = [said.get("message"), *(each.get("message") for each in said.get("errors", []))]
    except (ValueError, *UNEXPECTED_JSON):
        return ""
    return "".join(f": {each}" for each in words if each)


def parsed(response: requests.Response, kind: type[T]) -> T:
    """Return a service's answer in JSON, validated by pydantic as ``kind``.

    Raises DlconvError when the answer has another form.
    """
    try:
        return TypeAdapter(kind).validate_json(response.content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise other_answer(host_of(response.url), f"{where}: {first['msg']}") from error


def other_answer(service: str, reason: str) -> DlconvError:
    """Return the error for a service whose answer has an unexpected form."""
    message = f"{service} gives an unexpected answer: {reason}"
    return DlconvError(message, ANSWER_HINT)


def number(digits: str) -> int:
    """Return a number in an answer; one with too many digits as one that is too large."""
    return int(digits) if len(digits) <= MOST_DIGITS else 10**MOST_DIGITS
