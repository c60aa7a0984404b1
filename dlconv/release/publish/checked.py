"""A release that was checked, and is about to be published."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.release.document import Release, read_release
from dlconv.release.pack import VERSION

NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")


@dataclass(frozen=True)
class CheckedRelease:
    """A release's folder, which holds what its ``release.json`` says and nothing else."""

    folder: Path
    release: Release

    @property
    def name(self) -> str:
        """Its name, which is valid in a path."""
        return self.release.name

    @property
    def version(self) -> str:
        """Its version, which is valid in a path."""
        return self.release.version

    @property
    def digest(self) -> str:
        """Its content digest: the same for the same artifacts."""
        return self.release.content_sha256

    @property
    def is_preview(self) -> bool:
        """Whether the version is a pre-release, such as 1.0.0-rc1."""
        return "-" in self.version

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Its files, from the folder, with ``/``."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return tuple(sorted(path.relative_to(self.folder).as_posix() for path in files))

    @cached_property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum((self.folder / path).stat().st_size for path in self.paths)


def check(folder: Path) -> CheckedRelease:
    """Read a release and check it. Raises DlconvError for one that is not as it was packed."""
    from dlconv.release.check import check_release

    release = read_release(folder)
    problems = check_release(folder)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise DlconvError(f"{folder} cannot be published: {problems[0]}{more}", "dlconv check")
    if not NAME.fullmatch(release.name) or not VERSION.fullmatch(release.version):
        raise DlconvError(
            f"{release.name} {release.version}: no name and version for a path",
            "use letters, digits, dots, dashes and underscores",
        )
    return CheckedRelease(folder, release)
