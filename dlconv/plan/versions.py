"""The tools that a result depends on: libraries, and the code of dlconv itself.

The code is identified by its digest, which differs between a changed checkout and a release of the
same version. Python's own version is left out: the same libraries give the same bytes.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import dlconv
from dlconv.storage.files import digest_of

PACKAGE = Path(dlconv.__file__).parent
LIBRARIES = (
    "ai-edge-litert",
    "cyclonedx-python-lib",
    "numpy",
    "onnx",
    "onnxruntime",
    "pillow",
    "playwright",
    "protobuf",
    "tensorboard",
    "tensorflow",
    "tf2onnx",
)
# The code that artifacts, evidence and releases depend on; not the page, nor the build.
ROOMS = ("artifacts", "convert", "inspect", "models", "release", "verify")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Return the tools by name: the version of each library that is installed, and of dlconv."""
    found = {name: found for name in LIBRARIES if (found := _installed(name)) is not None}
    return {**found, "dlconv": f"{dlconv.__version__} {_code_digest()}"}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _code_digest() -> str:
    lines = (f"{path.relative_to(PACKAGE)} {digest_of(path)}\n" for path in sorted(_code()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _code() -> Iterator[Path]:
    yield from PACKAGE.glob("*.py")
    for room in ROOMS:
        yield from (PACKAGE / room).rglob("*.py")
    yield from (PACKAGE / "verify").rglob("*.js")
    yield from (path for path in (PACKAGE / "web" / "dist").glob("*") if path.is_file())
