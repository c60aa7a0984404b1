"""What a place to publish to has to do."""

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
    """A place to publish to. All of it raises DlconvError for what the user can act on."""

    def place_of(self, release: CheckedRelease) -> str:
        """Return where people find the release once it is published.

        Raises UsageError for a version that cannot be one here.
        """

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest of what is published under the release's name and version.

        None where there is nothing, or only what an interrupted upload left; "" for what is no
        release of dlconv. Raises DlconvError where there is room for one model, and it is another.
        """

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Publish the release, which nobody sees before all of it is there.

        ``progress`` is told what is sent next, and of how many pieces. What an earlier upload of
        this version left is used, or removed.
        """


@runtime_checkable
class Guarded(Target, Protocol):
    """A place of plain files, where nobody but who publishes sees to it that only one does."""

    def guarded(self, release: CheckedRelease, say: Say) -> AbstractContextManager[None]:
        """Keep others out of the release's place during the block, on whatever machine they are.

        ``say`` is told when it has to wait for them.
        """


def digest_in(content: bytes, place: str) -> str | None:
    """Return the content digest in a ``release.json`` found at a place; None if it is cut short.

    Raises DlconvError for another dlconv's.
    """
    try:
        parse_json(content)
    except ValueError:
        return None
    return parse_release(content, place).content_sha256


def check_model(release: CheckedRelease, there: str, place: str) -> None:
    """Refuse a place for one model that holds another, ``there``; "" is none."""
    if there not in ("", release.name):
        raise DlconvError(f"{place} is for {there}, not for {release.name}", OWN_PLACE)


def words_of(error: Exception) -> str:
    """Return what a library's error says, in one line."""
    words = str(error).split()
    return " ".join(words if len(words) > 1 else [f"{type(error).__name__}:", *words])
