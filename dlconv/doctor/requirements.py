"""Which versions installed packages require of each other, and which requirements are not met.

This is read from the packages' metadata, without importing them: what dlconv requires, what its
libraries require, and so on.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ROOT = "dlconv"


@dataclass(frozen=True)
class Unmet:
    """A package, by its normalized name, that is missing or of a wrong version."""

    package: str
    version: str | None
    wanted: str
    wanted_by: str

    def __str__(self) -> str:
        version = self.version or "is missing"
        return f"{self.package} {version}, {self.wanted_by} needs {self.package}{self.wanted}"


def unmet(package: str = ROOT, extra: str = "") -> Iterator[Unmet]:
    """Yield the unmet requirements of a package, of its dependencies, and of theirs.

    Raises PackageNotFoundError where the package is not installed.
    """
    seen = set()
    waiting = deque((package, each) for each in requirements_of(package, extra))
    while waiting:
        wanted_by, requirement = waiting.popleft()
        name, version = _normalized(requirement), installed(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            yield Unmet(name, version, str(requirement.specifier), wanted_by)
            continue
        for part in ("", *sorted(requirement.extras)):
            if (name, part) not in seen:
                seen.add((name, part))
                waiting += [(name, each) for each in requirements_of(name, part)]


def requirements_of(package: str, extra: str = "") -> "list[Requirement]":
    """Return what an installed package requires on this system; with an extra, only what that adds.

    Raises PackageNotFoundError where it is not installed.
    """
    from packaging.requirements import Requirement

    listed = map(Requirement, distribution(package).requires or ())
    return [each for each in listed if _applies(each, extra)]


def _applies(requirement: "Requirement", extra: str) -> bool:
    if requirement.marker is None:
        return not extra
    if requirement.marker.evaluate({"extra": ""}):
        return not extra
    return requirement.marker.evaluate({"extra": extra})


def _normalized(requirement: "Requirement") -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(requirement.name)


def installed(package: str) -> str | None:
    """Return the version of an installed package, None where there is none."""
    try:
        return distribution(package).version
    except PackageNotFoundError:
        return None
