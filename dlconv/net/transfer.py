"""One try at a download over HTTP.

A try asks for the rest of a part, makes sure that what the server sends is that rest (if not, it
starts over with an empty part), and appends the body to it. A failure that may pass is a
PassingError, so that the caller can try again; any other is a DlconvError for the user.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from dlconv.errors import Advice, DlconvError
from dlconv.net.http import network_trouble, number, passing, refusal
from dlconv.net.part import Part, validator_in
from dlconv.net.patience import Patience
from dlconv.net.watch import Watch
from dlconv.progress import ByteProgress
from dlconv.storage.digests import BadContent
from dlconv.storage.disk import disk_trouble

CHUNK_BYTES = 1 << 13
MOST_BYTES = 2 << 30
RESUME_HINT = "run the same command again: it resumes where this one stopped"
REACH_HINT = Advice("check the network, or use a mirror", "unreachable")
UNSAFE_HINT = Advice(
    "the certificate is not trusted: check the clock, the proxy, or use a mirror", "unsafe"
)
TROUBLE_HINT = Advice("the server has trouble: try again later, or use a mirror", "trouble")
REFUSED_HINT = Advice(
    "check the mirror, and the model's name and url in the registry", "not-served"
)
SIZE_HINT = Advice(
    "this is another file than the registry means: check the mirror and the entry's url",
    "another-file",
)
CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+|\*)")


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
    progress: ByteProgress
    patience: Patience
    begin: float
    most_bytes: int = MOST_BYTES

    def run(self) -> bool:
        """Complete the part; return whether it holds bytes of an earlier connection.

        Raises PassingError, or DlconvError for what another try would not cure.
        """
        offset = self._usable_bytes()
        if offset and offset == self.expected_bytes:
            return True
        with Watch(self.patience, self.begin) as watch:
            response = self._request(watch, offset)
            if offset and not self._continues(response, offset):
                offset = 0
                response = self._request_all(watch, response)
            with response:
                if not self._continues(response, offset):
                    message = f"{self.url}: answers {response.status_code} to a plain request"
                    raise DlconvError(message, REACH_HINT)
                self._receive(watch, response, offset)
        return offset > 0

    def _usable_bytes(self) -> int:
        with disk_trouble(self.part.path):
            size = self.part.size()
        is_trusted = self.verified or self.part.validator(self.url) is not None
        is_too_long = self.expected_bytes is not None and size > self.expected_bytes
        return size if is_trusted and not is_too_long else 0

    def _request(self, watch: Watch, offset: int) -> requests.Response:
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if validator := self.part.validator(self.url):
                headers["If-Range"] = validator
        with self._network_trouble(watch):
            response = watch.session.get(self.url, headers=headers, stream=True)
        if response.status_code not in (200, 206, 416):
            with response:
                raise refusal(self.url, response, REFUSED_HINT, TROUBLE_HINT)
        return response

    def _request_all(self, watch: Watch, response: requests.Response) -> requests.Response:
        """Return ``response`` if it is the whole file, else the response to a plain request."""
        if response.status_code == 200:
            return response
        response.close()
        with disk_trouble(self.part.path):
            self.part.discard()
        return self._request(watch, 0)

    def _continues(self, response: requests.Response, offset: int) -> bool:
        """Tell whether a response is the body from ``offset`` on, of the file as it was."""
        if response.status_code == 200:
            return offset == 0
        if response.status_code == 416 or _range_in(response)[0] != offset:
            return False
        before, now = self.part.validator(self.url), validator_in(response.headers)
        return before is None or now is None or before == now

    def _receive(self, watch: Watch, response: requests.Response, offset: int) -> None:
        total = self._announced_total(response, offset)
        needed = total or self.expected_bytes
        most = needed or self.most_bytes
        done = offset
        with disk_trouble(self.part.path, needed):
            if not offset:
                self.part.begin(self.url, response.headers)
            with self.part.open() as file:
                self.progress(done, needed)
                for chunk in self._chunks(watch, response):
                    done += len(chunk)
                    if done > most:
                        self.part.discard()
                        raise BadContent(f"{self.url}: sends more than {most:,} bytes", SIZE_HINT)
                    file.write(chunk)
                    self.progress(done, needed)
        if needed is not None and done < needed:
            raise passing(self._stopped(f"stopped after {done:,} of {needed:,} bytes"))

    def _chunks(self, watch: Watch, response: requests.Response) -> Iterator[bytes]:
        with self._network_trouble(watch):
            for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                watch.received(len(chunk))
                yield chunk

    def _announced_total(self, response: requests.Response, offset: int) -> int | None:
        """Return the size that the server announces; raise BadContent if it cannot be right."""
        total = _range_in(response)[1] if response.status_code == 206 else None
        length = response.headers.get("Content-Length", "")
        if total is None and length.isdecimal():
            total = offset + number(length)
        if total is None:
            return None
        if self.expected_bytes is not None and total != self.expected_bytes:
            raise BadContent(
                f"{self.url}: has {total:,} bytes, expected {self.expected_bytes:,}", SIZE_HINT
            )
        if total > self.most_bytes:
            raise BadContent(
                f"{self.url}: {total:,} bytes are more than {self.most_bytes:,}", SIZE_HINT
            )
        return total

    @contextmanager
    def _network_trouble(self, watch: Watch) -> Iterator[None]:
        """Turn network errors into DlconvErrors; a complaint of the watch comes first."""
        trouble = network_trouble(
            self.url,
            patience=self.patience,
            what=f"cannot fetch {self.url}",
            stopped=self._stopped,
            reach_hint=REACH_HINT,
            unsafe_hint=UNSAFE_HINT,
        )
        try:
            with trouble:
                yield
        except DlconvError as error:
            if watch.complaint:
                raise passing(self._stopped(watch.complaint)) from error
            raise
        if watch.complaint:
            raise passing(self._stopped(watch.complaint))

    def _stopped(self, what: str) -> DlconvError:
        kept = f"; {self.part.size():,} bytes are kept" if self.part.size() else ""
        return DlconvError(f"{self.url}: the server {what}{kept}", RESUME_HINT)


def _range_in(response: requests.Response) -> tuple[int | None, int | None]:
    """Return the first byte and the total of a Content-Range header, None where unknown."""
    match = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        return None, None
    first, total = match.groups()
    return number(first), None if total == "*" else number(total)
