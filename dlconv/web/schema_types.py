"""TypeScript types of JSON Schemas, as far as dlconv's go.

``make types`` writes those of a manifest, by which the page reads one, from what ``dlconv schema``
prints. A kind of schema that is not known here is a KeyError, so that no type is guessed.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

HEADER = "// Made by `make types` from `dlconv schema manifest`; changes made here are lost."
KINDS = {
    "boolean": "boolean",
    "integer": "number",
    "null": "null",
    "number": "number",
    "string": "string",
}

Schema = Mapping[str, Any]


def typescript(schema: Schema) -> str:
    """Return an interface for each record of a schema, and a type for each list of words."""
    records = {schema["title"]: schema, **schema.get("$defs", {})}
    types = [
        "\n".join(_words(name, record) if "enum" in record else _interface(name, record))
        for name, record in records.items()
    ]
    return "\n\n".join([HEADER, *types]) + "\n"


def _words(name: str, listed: Schema) -> Iterator[str]:
    yield from _comment(listed, "")
    yield f"export type {name} ="
    yield from (f"  | {json.dumps(word)}" for word in listed["enum"][:-1])
    yield f"  | {json.dumps(listed['enum'][-1])};"


def _interface(name: str, record: Schema) -> Iterator[str]:
    yield from _comment(record, "")
    yield f"export interface {name} {{"
    for field, content in record["properties"].items():
        mark = "" if field in record.get("required", ()) else "?"
        yield from _comment(content, "  ")
        yield f"  readonly {field}{mark}: {_type(content)};"
    yield "}"


def _comment(described: Schema, indent: str) -> Iterator[str]:
    words = described.get("description", "").replace("``", "`").replace("None", "null")
    lines = words.splitlines()
    if len(lines) == 1:
        yield f"{indent}/** {words} */"
    elif lines:
        yield f"{indent}/**"
        yield from (f"{indent} * {line}".rstrip() for line in lines)
        yield f"{indent} */"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "type" not in schema:
        return "unknown"
    if schema["type"] == "array":
        return _array(schema)
    if schema["type"] == "object":
        values = schema.get("additionalProperties")
        value = _type(values) if isinstance(values, dict) else "unknown"
        return f"Readonly<Record<string, {value}>>"
    return KINDS[schema["type"]]


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"readonly [{', '.join(map(_type, schema['prefixItems']))}]"
    items = _type(schema.get("items", {}))
    return f"readonly ({items})[]" if " " in items else f"readonly {items}[]"


if __name__ == "__main__":
    sys.stdout.write(typescript(json.load(sys.stdin)))
