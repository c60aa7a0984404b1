"""One try at a download over HTTP.

A try asks for the rest of a part, makes sure that what the server sends is that rest (if not, it
starts over with an empty part), and appends the body to it. A failure that may pass is raised as
``Transient``, so that the caller can try again; any other is a DlconvError for the user.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3

from dlconv import __version__
from dlconv.disk import disk_trouble
from dlconv.errors import DlconvError
from dlconv.models.digests import BadContent
from dlconv.models.part import Part, validator_in
from dlconv.models.progress import Progress

CHUNK_BYTES = 1 << 15
MOST_BYTES = 2 << 30
PASSING_STATUSES = (408, 429)
RESUME_HINT = "run the same command again: it resumes where this one stopped"
REACH_HINT = "check the network, or use --mirror URL; --offline works with what is cached"
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Transient(Exception):  # noqa: N818
    """A failure that may pass. ``error`` is what the user is told if it does not."""

    def __init__(self, error: DlconvError, retry_after_seconds: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Transfer:
    """What is to be downloaded, and how long to wait for the server.

    ``verified`` says that the caller knows the size and a digest and will check both, so that a
    part may be resumed even if the server gave no validator with it.
    """

    url: str
    part: Part
    expected_bytes: int | None
    verified: bool
    progress: Progress
    timeouts: tuple[float, float]
    most_bytes: int = MOST_BYTES

    def run(self) -> bool:
        """Complete the part; return whether it holds bytes of an earlier connection.

        Raises Transient, or DlconvError for what another try would not cure.
        """
        offset = self._usable_bytes()
        if offset and offset == self.expected_bytes:
            return True
        with requests.Session() as session:
            response = self._request(session, offset)
            if offset and not self._continues(response, offset):
                offset = 0
                response = self._request_all(session, response)
            with response:
                if not self._continues(response, offset):
                    message = f"{self.url}: answers {response.status_code} to a plain request"
                    raise DlconvError(message, REACH_HINT)
                self._receive(response, offset)
        return offset > 0

    def _usable_bytes(self) -> int:
        size = self.part.size()
        is_trusted = self.verified or self.part.validator(self.url) is not None
        is_too_long = self.expected_bytes is not None and size > self.expected_bytes
        return size if is_trusted and not is_too_long else 0

    def _request(self, session: requests.Session, offset: int) -> requests.Response:
        headers = {"Accept-Encoding": "identity", "User-Agent": f"dlconv/{__version__}"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if validator := self.part.validator(self.url):
                headers["If-Range"] = validator
        with self._network_trouble():
            response = session.get(self.url, headers=headers, timeout=self.timeouts, stream=True)
        if response.status_code not in (200, 206, 416):
            with response:
                raise _refusal(self.url, response)
        return response

    def _request_all(
        self, session: requests.Session, response: requests.Response
    ) -> requests.Response:
        """Return ``response`` if it is the whole file, else the response to a plain request."""
        if response.status_code == 200:
            return response
        response.close()
        with disk_trouble(self.part.path):
            self.part.discard()
        return self._request(session, 0)

    def _continues(self, response: requests.Response, offset: int) -> bool:
        """Tell whether a response is the body from ``offset`` on, of the file as it was."""
        if response.status_code == 200:
            return offset == 0
        if response.status_code == 416 or _range_in(response)[0] != offset:
            return False
        before, now = self.part.validator(self.url), validator_in(response.headers)
        return before is None or now is None or before == now

    def _receive(self, response: requests.Response, offset: int) -> None:
        total = self._announced_total(response, offset)
        needed = total or self.expected_bytes
        most = needed or self.most_bytes
        done = offset
        with disk_trouble(self.part.path, needed), self._network_trouble():
            if not offset:
                self.part.begin(self.url, response.headers)
            with self.part.open() as file:
                self.progress(done, needed)
                for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                    done += len(chunk)
                    if done > most:
                        self.part.discard()
                        raise BadContent(f"{self.url}: sends more than {most:,} bytes", _SIZE_HINT)
                    file.write(chunk)
                    self.progress(done, needed)
        if needed is not None and done < needed:
            raise Transient(self._stopped(f"stopped after {done:,} of {needed:,} bytes"))

    def _announced_total(self, response: requests.Response, offset: int) -> int | None:
        """Return the size that the server announces; raise BadContent if it cannot be right."""
        total = _range_in(response)[1] if response.status_code == 206 else None
        length = response.headers.get("Content-Length", "")
        if total is None and length.isdecimal():
            total = offset + int(length)
        if total is None:
            return None
        if self.expected_bytes is not None and total != self.expected_bytes:
            raise BadContent(
                f"{self.url}: has {total:,} bytes, expected {self.expected_bytes:,}", _SIZE_HINT
            )
        if total > self.most_bytes:
            raise BadContent(
                f"{self.url}: {total:,} bytes are more than {self.most_bytes:,}", _SIZE_HINT
            )
        return total

    @contextmanager
    def _network_trouble(self) -> Iterator[None]:
        host = urlsplit(self.url).netloc
        connect_seconds, read_seconds = self.timeouts
        try:
            yield
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            hint = "the certificate is not trusted: check the clock, the proxy, or use --mirror"
            raise DlconvError(f"no safe connection to {host}: {_reason(error)}", hint) from error
        except requests.exceptions.ConnectTimeout as error:
            reason = f"no connection within {connect_seconds:g} s"
            raise Transient(DlconvError(f"cannot reach {host}: {reason}", REACH_HINT)) from error
        except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as error:
            raise Transient(self._stopped(f"sent nothing for {read_seconds:g} s")) from error
        except requests.exceptions.ConnectionError as error:
            message = f"cannot reach {host}: {_reason(error)}"
            raise Transient(DlconvError(message, REACH_HINT)) from error
        except urllib3.exceptions.HTTPError as error:
            raise Transient(self._stopped("stopped half-way")) from error
        except requests.RequestException as error:
            raise DlconvError(f"cannot fetch {self.url}: {error}", REACH_HINT) from error

    def _stopped(self, what: str) -> DlconvError:
        kept = f"; {self.part.size():,} bytes are kept" if self.part.size() else ""
        return DlconvError(f"{self.url}: the server {what}{kept}", RESUME_HINT)


_SIZE_HINT = "this is another file than the registry means: check --mirror and the entry's url"


def _refusal(url: str, response: requests.Response) -> Exception:
    status = response.status_code
    message = f"{url}: {status} {response.reason}"
    if status in PASSING_STATUSES or status >= 500:
        hint = "the server has trouble: try again later, or use --mirror URL"
        return Transient(DlconvError(message, hint), _retry_after(response))
    return DlconvError(message, "check --mirror, and the model's name and url in the registry")


def _retry_after(response: requests.Response) -> float:
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else 0.0


def _range_in(response: requests.Response) -> tuple[int | None, int | None]:
    """Return the first byte and the total of a Content-Range header, None where unknown."""
    match = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        return None, None
    first, total = match.groups()
    return int(first), None if total == "*" else int(total)


def _reason(error: BaseException) -> str:
    """Return the innermost words for a network error, which libraries wrap several times."""
    cause = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    words = cause.strerror if isinstance(cause, OSError) else ""
    return words or str(cause) or type(cause).__name__
