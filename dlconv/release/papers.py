"""A release's papers: model card, statement and bill of materials, made from ``release.json``.

People may read nothing else, so a check writes them again and compares: a paper that differs from
``release.json`` is wrong. The card of a release that another version of dlconv packed is worded by
that version, and is not compared.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dlconv
from dlconv.errors import DlconvError
from dlconv.parsing import parse_json
from dlconv.release.bom import BOM_NAME, bill, bom
from dlconv.release.card import CARD_NAME, card
from dlconv.release.document import RELEASE_NAME, Release
from dlconv.release.problem import Problem
from dlconv.release.statement import STATEMENT_NAME, statement

# How each is written, by file.
PAPERS: Mapping[str, Callable[[Release], bytes]] = {
    CARD_NAME: lambda release: card(release).encode(),
    STATEMENT_NAME: statement,
    BOM_NAME: bom,
}
# Fields of a bill of materials that depend on the library, not on the release.
OF_THE_LIBRARY = ("$schema", "specVersion", "version")


def wrong_papers(folder: Path, digests: Mapping[str, str], release: Release) -> Iterator[Problem]:
    """Yield the papers in a folder that are of another release than this one.

    ``digests`` are those of its files by path; files that differ from their listed digest are
    skipped. Raises OSError.
    """
    listed = {file.path: file.sha256 for file in release.files}
    # For the comparison the bill need not be validated again.
    for name, write in {**PAPERS, BOM_NAME: bill}.items():
        if name not in digests or digests[name] != listed.get(name):
            continue
        try:
            right = write(release)
        except DlconvError as error:
            yield Problem(RELEASE_NAME, error.message)
            continue
        if not _says_the_same(name, (folder / name).read_bytes(), right, release):
            yield Problem(name, f"does not say what {RELEASE_NAME} says")


def is_card_compared(release: Release) -> bool:
    """Return whether the card of a release was written by this version of dlconv."""
    return release.packed_by == dlconv.__version__


def _says_the_same(name: str, found: bytes, right: bytes, release: Release) -> bool:
    if found == right:
        return True
    if name == CARD_NAME:
        return not is_card_compared(release)
    try:
        said, wanted = parse_json(found), parse_json(right)
    except ValueError:
        return False
    return bool(_decided(said) == _decided(wanted) if name == BOM_NAME else said == wanted)


def _decided(bill_of_materials: Any) -> Any:
    """Return the fields of a bill of materials that the release determines, sorted."""
    if not isinstance(bill_of_materials, dict):
        return bill_of_materials
    return _sorted({k: v for k, v in bill_of_materials.items() if k not in OF_THE_LIBRARY})


def _sorted(value: Any) -> Any:
    """Return JSON with sorted lists, and licences as text: the library may know one by its id."""
    if isinstance(value, dict):
        return {k: sorted(_words(v)) if k == "licenses" else _sorted(v) for k, v in value.items()}
    return sorted(map(_sorted, value), key=repr) if isinstance(value, list) else value


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _words(each)
    else:
        yield str(value)
