from pathlib import Path

import pytest

from dlconv.artifacts.manifest import json_schema
from dlconv.web.schema_types import typescript

TYPES = Path(__file__).parents[2] / "dlconv/web/segment/src/manifest_schema.ts"


def test_the_page_reads_manifests_by_the_types_that_their_schema_has():
    assert TYPES.read_text() == typescript(json_schema()), "make types writes them anew"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"type": "integer"}, "number"),
        ({"const": 2, "type": "integer"}, "2"),
        ({"enum": ["a", "b"], "type": "string"}, '"a" | "b"'),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]}, "number | null"),
        ({"type": "array", "items": {"$ref": "#/$defs/Part"}}, "readonly Part[]"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, 'readonly ("a" | "b")[]'),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}]},
            "readonly [string, boolean]",
        ),
        ({"type": "object", "additionalProperties": True}, "Readonly<Record<string, unknown>>"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "Readonly<Record<string, string>>",
        ),
        ({}, "unknown"),
    ],
)
def test_each_kind_of_schema_has_a_type(content, expected):
    schema = {"title": "Whole", "properties": {"it": content}, "required": ["it"]}
    assert f"  readonly it: {expected};\n" in typescript(schema)


def test_what_may_be_missing_and_what_is_said_of_it_is_kept():
    described = {"type": "string", "description": "``a``; None if unknown."}
    schema = {"title": "Whole", "description": "One.\n\nTwo.", "properties": {"it": described}}
    assert typescript(schema).partition("\n\n")[2] == (
        "/**\n * One.\n *\n * Two.\n */\nexport interface Whole {\n"
        "  /** `a`; null if unknown. */\n  readonly it?: string;\n}\n"
    )


def test_words_have_a_type_of_their_own():
    words = {"enum": ["a", "b"], "type": "string", "description": "Either."}
    schema = {
        "title": "Whole",
        "properties": {"it": {"$ref": "#/$defs/Word"}},
        "$defs": {"Word": words},
    }
    assert "  readonly it?: Word;\n" in typescript(schema)
    assert typescript(schema).endswith('/** Either. */\nexport type Word =\n  | "a"\n  | "b";\n')


def test_no_type_is_guessed():
    with pytest.raises(KeyError):
        typescript({"title": "Whole", "properties": {"it": {"type": "date"}}})
