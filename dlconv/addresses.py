"""Addresses without their secrets, as they may be shown.

An address may hold an account with a password (``https://me:secret@host/x``) or a token in its
query (``?token=secret``). Requests use the full address; it is written or printed only through
``shown``. Errors and logs may quote an address, or parts of it in a library's own message: all of
them go through ``without_secrets``.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

MASK = "***"
# Query parameters of public archives, which are no secrets, as in "?download=1".
HARMLESS = ("dl", "download", "raw")

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# A path has no empty parts.
_COLLAPSED = re.compile(r"((?:https?|ftp|s3):)/+(.+)", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"\S+")
# An account and its password, which may contain slashes; a port before a path is no password.
_PASSWORD = re.compile(r"\A([A-Za-z0-9+.-]+:(?://)?)[^/@:\[]*:(?!\d+/).*@", re.DOTALL)
# The same in a sentence, up to where the password begins.
_ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}:/{1,2}"
    r"(?=[^/:\[]{0,999}:(?!\d+[/?#]))"
)
# In an http or https address, a name without a password may be a token.
_NAME = re.compile(r"(https?:/{1,2})[^/?#@]+@", re.IGNORECASE)
_REQUEST = re.compile(r"(\"[A-Z]+ /[^\s?]*)\?\S*(?= HTTP/)")
_OPENING = "\"'(<["
_CLOSING = ".,:;!)]}>'\""


def shown(address: str) -> str:
    """Return an address with its secrets masked; any other text stays as it is.

    >>> shown("https://me:secret@host/x?token=secret")
    'https://***@host/x?***'
    """
    if not _ADDRESS.match(address):
        return address
    place, question, query = _PASSWORD.sub(rf"\1{MASK}@", address).partition("?")
    if question and _is_harmless(query):
        return f"{without_secrets(place)}?{query}"
    return without_secrets(f"{place}?{MASK}" if question else place)


def address_in(path: Path) -> str:
    """Return the address, secrets masked, that was given where a path is expected; "" for a path.

    >>> address_in(Path("https://me:secret@host/x"))
    'https://***@host/x'
    """
    match = _COLLAPSED.fullmatch(str(path))
    return shown(f"{match[1]}//{match[2]}") if match and not path.exists() else ""


def without_secrets(text: str) -> str:
    """Return a text with the secrets in its addresses masked."""
    return _WORD.sub(lambda word: _masked(word[0]), _REQUEST.sub(rf"\1?{MASK}", text))


def complaint_about_secrets(address: str) -> str:
    """Return which part of an http or https address may hold a secret, "" if none does."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if "@" in parts.netloc:
        return "holds an account"
    if parts.scheme and parts.fragment:
        return "holds a fragment"
    return "" if not parts.query or _is_harmless(parts.query) else "holds a query"


def _is_harmless(query: str) -> bool:
    return query.partition("=")[0] in HARMLESS and query.partition("=")[2] in ("", "0", "1", "true")


def host_of(address: str) -> str:
    """Return the host of an address, with its port; "" where there is none."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _masked(word: str) -> str:
    if "/" not in word:
        return word
    word = _NAME.sub(rf"\1{MASK}@", word)
    head, at, tail = word.rpartition("@")
    if at and (account := _ACCOUNT.search(head)):
        word = f"{head[: account.end()]}{MASK}@{tail}"
    begin = word.find(":/")
    is_path = begin < 0 and word.lstrip(_OPENING).startswith("/")
    for mark in "?#":
        place, found, secret = word[max(begin, 0) :].partition(mark)
        is_bare = "=" not in secret
        if not found or (begin < 0 and not is_path) or (is_bare and (is_path or mark == "#")):
            continue
        closing = word[len(word.rstrip(_CLOSING)) :]
        return f"{word[: max(begin, 0)]}{place}{mark}{MASK}{closing}"
    return word
