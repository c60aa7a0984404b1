"""JSON that anybody may have written: a file, or the answer of a server."""

import json
from typing import Any


def parse_json(content: bytes | str) -> Any:
    """Return what JSON says. Raises ValueError for what is none, and for what nests too deep."""
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
