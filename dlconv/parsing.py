"""Reading JSON that is not trusted: a file, or the answer of a server."""

import json
from typing import Any


def parse_json(content: bytes | str) -> Any:
    """Return the value of JSON. Raises ValueError if it is invalid or nested too deep."""
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
