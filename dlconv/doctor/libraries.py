"""Looks at Python packages: their versions, and whether they can be imported.

What is imported is imported in a process of its own: it may take seconds, and one that is built for
another numpy or protobuf may end the process that imports it.
"""

import subprocess
import sys
from collections.abc import Collection, Sequence
from importlib.metadata import metadata

from dlconv.doctor.check import Found, State
from dlconv.doctor.requirements import ROOT, Unmet, installed, requirements_of, unmet

IMPORT_SECONDS = 120


def python() -> Found:
    """Look at the interpreter."""
    from packaging.specifiers import SpecifierSet

    version = "{}.{}.{}".format(*sys.version_info[:3])
    wanted = metadata(ROOT)["Requires-Python"]
    if version in SpecifierSet(wanted):
        return Found("ok", f"{sys.implementation.name} {version}")
    return Found("broken", f"{version}; dlconv needs {wanted}", "install another Python")


def library(package: str, module: str) -> Found:
    """Look at a package that dlconv needs: its version, and whether its module can be imported."""
    wrong = list(unmet())
    own = [each for each in wrong if each.package == package]
    if own:
        return _wrong(own)
    # An import most often fails because of another package.
    remedy = _wrong(wrong).remedy if wrong else f"pip install --force-reinstall {package}"
    return _imported(module, installed(package) or "", remedy)


def other_libraries(listed: Collection[str]) -> Found:
    """Look at all packages that dlconv needs, directly or not, except those listed."""
    wrong = [each for each in unmet() if each.package not in listed]
    if wrong:
        return _wrong(wrong)
    return Found("ok", "as required")


def extra(name: str, module: str) -> Found:
    """Look at one of dlconv's extras: whether it is installed, and works."""
    remedy = f"pip install 'dlconv[{name}]'"
    versions = {each.name: installed(each.name) for each in requirements_of(ROOT, name)}
    absent = [package for package, version in versions.items() if version is None]
    if absent or not versions:
        return Found("missing", ", ".join(absent), remedy)
    wrong = list(unmet(ROOT, name))
    if wrong:
        return _wrong(wrong)
    what = ", ".join(f"{package} {version}" for package, version in versions.items())
    return _imported(module, what, remedy)


def pkg_resources() -> Found:
    """Look at setuptools for the official converter, which imports its pkg_resources."""
    version = installed("setuptools")
    remedy = "pip install 'setuptools<81'"
    if version is None:
        return Found("missing", "", remedy)
    return _imported("pkg_resources", version, remedy)


def _wrong(found: Sequence[Unmet]) -> Found:
    from packaging.specifiers import SpecifierSet

    wanted: dict[str, SpecifierSet] = {}
    for each in found:
        wanted[each.package] = wanted.get(each.package, SpecifierSet()) & each.wanted
    packages = " ".join(f"'{name}{versions}'" for name, versions in wanted.items())
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    is_missing = any(each.version is None for each in found)
    state: State = "missing" if is_missing else "broken"
    return Found(state, f"{found[0]}{more}", f"pip install {packages}")


def _imported(module: str, what: str, remedy: str) -> Found:
    # The working folder is left out: modules in it are not dlconv's.
    program = f"import sys; sys.path[:] = filter(None, sys.path); import {module}"
    try:
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, timeout=IMPORT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return Found("broken", f"{what}: no answer within {IMPORT_SECONDS} s", remedy)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"exit code {error.returncode}"
        return Found("broken", f"{what}: {reason}", remedy)
    return Found("ok", what)
