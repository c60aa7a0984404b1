"""What anybody wrote is JSON, or a ValueError."""

import pytest

from dlconv.parsing import parse_json


def test_json_is_read():
    assert parse_json(b'{"a": [1, null]}') == parse_json('{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize("content", ["", b"\xff\xfe\xff", "{", "[" * 200_000, '{"a":' * 200_000])
def test_what_is_none_is_a_value_error(content):
    with pytest.raises(ValueError, match=r"."):
        parse_json(content)
