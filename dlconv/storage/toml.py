"""Reading TOML files of a known form, with errors that name the file, the entry and the key."""

import difflib
import sys
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from dlconv.errors import DlconvError
from dlconv.storage.files import refuse_pipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Table(BaseModel):
    """The form of a TOML table that has no other keys than these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _has_no_other_keys(cls, table: Any) -> Any:
        known = list(cls.model_fields)
        others = [key for key in table if key not in known] if isinstance(table, dict) else []
        for key in others:
            near = difflib.get_close_matches(key, known, n=1)
            advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise ValueError(f"there is no key {key!r}; {advice}")
        return table


Form = TypeVar("Form", bound=Table)


def parse_toml(text: str, form: type[Form], hint: str = "", name: str = "this") -> Form:
    """Return the content of TOML, which has to be of a form; ``name`` is what errors call it.

    Raises DlconvError if it is not TOML, and with ``hint`` if an entry is not of the form.
    """
    try:
        return form.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise DlconvError(f"{name}: {_first_slip(error)}", hint) from error
    except (ValueError, RecursionError) as error:
        reason = str(error).replace("\n", " ")
        raise DlconvError(f"{name} is not a TOML file: {reason}") from error


def read_toml(path: Path, form: type[Form], hint: str = "") -> Form:
    """Return a TOML file's content, which has to be of a form.

    Raises DlconvError if the file cannot be read or is not TOML, and with ``hint`` if an entry is
    not of the form.
    """
    refuse_pipe(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise DlconvError(f"{path} is not a TOML file: {error}") from error
    return parse_toml(text, form, hint, str(path))


def _first_slip(error: ValidationError) -> str:
    """Return ``[table.name]: key: reason`` for the first thing that is wrong."""
    slip = error.errors()[0]
    parts = [part if part.isprintable() else repr(part) for part in map(str, slip["loc"])]
    entry, key = (f"[{'.'.join(parts[:2])}]", parts[2:]) if len(parts) > 1 else ("", parts)
    reason = slip["msg"].removeprefix("Value error, ")
    return ": ".join(filter(None, [entry, ".".join(key), reason]))
