"""Releases: artifacts that passed, with their proof, as one folder."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.choose import choose_artifacts
from dlconv.fetch.local import ShowProgress
from dlconv.progress import ByteProgress, no_progress
from dlconv.registry.models import load_registry
from dlconv.release.card import card as card_of
from dlconv.release.check import check_release
from dlconv.release.document import SIGNATURE_NAME, Release, read_release
from dlconv.release.download import downloaded_release
from dlconv.release.pack import pack as make_release
from dlconv.release.papers import is_card_compared
from dlconv.release.problem import Problem
from dlconv.release.signing import Keyless, PrivateKey, sign_release
from dlconv.release.trust import Trust


def _quietly(label: str) -> AbstractContextManager[ByteProgress]:
    return nullcontext(no_progress)


@dataclass(frozen=True)
class Checked:
    """The problems of a release, none if it is right, and then its contents.

    ``release`` is None if there are problems. ``is_signed`` says whether there is a signature,
    ``is_card_compared`` whether the text of the model card was compared: only the version of dlconv
    that packed a release can do that.
    """

    problems: tuple[Problem, ...]
    release: Release | None = None
    is_signed: bool = False
    is_card_compared: bool = False


def pack(
    artifacts: Sequence[Path] = (),
    version: str = "0.1.0",
    output: Path = Path("release"),
    *,
    evidence: Sequence[Path] = (),
    registry: Path | None = None,
) -> Release:
    """Write a release of artifacts into the folder ``output``, which is replaced if it is one.

    ``artifacts`` are of one model, by default all below ``artifacts/``; ``evidence`` are JSON
    reports of ``verify``, in addition to those that it keeps beside artifacts.

    Raises DlconvError for an artifact that was not verified, was changed since, or did not pass,
    UsageError for artifacts that do not belong together, an invalid version, or an ``output`` that
    holds anything but a release.

    >>> api.pack([made.artifact.directory], "1.0.0", folder / "release").name
    'sample'
    """
    chosen = choose_artifacts(artifacts)
    known = load_registry(registry).models.get(chosen[0].manifest.source.model)
    return make_release(chosen, version, output, known, evidence)


def sign(release: Path, signer: PrivateKey | Keyless) -> None:
    """Sign the release in a folder with OpenSSF model-signing: ``model.sig``, over every file.

    Raises DlconvError for a release with problems, and when it cannot be signed.
    """
    sign_release(release, signer)


def check(
    release: str | Path,
    *,
    trust: Trust | None = None,
    download: ShowProgress = _quietly,
    display: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Checked:
    """Check a release in a folder or at an address: every byte, and its evidence.

    With ``trust``, it has to be signed by the signer that this names. ``download`` opens a display
    for each file that is downloaded, ``display`` one for the check itself.

    Raises DlconvError where there is no release, or it cannot be read; problems are returned.

    >>> api.check(folder / "release").problems
    ()
    """
    with downloaded_release(str(release), download) as folder:
        with display():
            problems = check_release(folder, trust)
        if problems:
            return Checked(problems)
        found = read_release(folder)
        is_signed = (folder / SIGNATURE_NAME).is_file()
        return Checked(problems, found, is_signed, is_card_compared(found))


def card(release: Path) -> str:
    """Return the model card of the release in a folder, as Markdown.

    Raises DlconvError where there is no release.

    >>> api.card(folder / "release").splitlines()[0]
    '# sample 1.0.0'
    """
    return card_of(read_release(release))
