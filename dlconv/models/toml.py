"""Reading TOML files, with errors that name the file."""

import sys
from pathlib import Path
from typing import Any

from dlconv.errors import DlconvError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content.

    Raises DlconvError if the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        reason = str(error).replace("\n", " ")
        raise DlconvError(f"{path} is not a TOML file: {reason}") from error
