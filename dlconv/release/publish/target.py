"""What a target has to implement."""

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from dlconv.errors import DlconvError
from dlconv.parsing import parse_json
from dlconv.progress import Say, StepProgress
from dlconv.release.document import parse_release
from dlconv.release.publish.checked import CheckedRelease

OWN_PLACE = "give each model a place of its own: write {model} into the target"

WAITING = "waiting for another publish to this place"


class Target(Protocol):
    """A place to publish to. All methods raise DlconvError for what the user can act on."""

    def place_of(self, release: CheckedRelease) -> str:
        """Return where people find the release once it is published.

        Raises UsageError for a version that this target does not accept.
        """

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest of what is published under the release's name and version.

        None where there is nothing, or only files of an interrupted upload; "" for something that
        is not a release of dlconv. Raises DlconvError for a target of one model that holds another.
        """

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Publish the release; nothing of it is visible before it is complete.

        ``progress`` is called with the name of the next piece, the number sent, and the total. What
        an interrupted upload of this version left is used, or removed.
        """


@runtime_checkable
class Guarded(Target, Protocol):
    """A target of plain files, which needs protection against several publishes at once."""

    def guarded(self, release: CheckedRelease, say: Say) -> AbstractContextManager[None]:
        """Keep other publishes, also of other machines, out of the release's place in the block.

        ``say`` gets a line when it has to wait.
        """


def digest_in(content: bytes, place: str) -> str | None:
    """Return the content digest in a ``release.json`` from a place; None if it is incomplete.

    Raises DlconvError for one of an unknown schema.
    """
    try:
        parse_json(content)
    except ValueError:
        return None
    return parse_release(content, place).content_sha256


def check_model(release: CheckedRelease, there: str, place: str) -> None:
    """Raise DlconvError if a place for one model holds another, ``there`` ("" if empty)."""
    if there not in ("", release.name):
        raise DlconvError(f"{place} is for {there}, not for {release.name}", OWN_PLACE)


def words_of(error: Exception) -> str:
    """Return what a library's error says, in one line."""
    words = str(error).split()
    return " ".join(words if len(words) > 1 else [f"{type(error).__name__}:", *words])
