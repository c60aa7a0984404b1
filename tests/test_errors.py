import pytest

from dlconv.errors import first_line


@pytest.mark.parametrize(
    ("said", "line"),
    [("no kernel\n  at op 3", "no kernel"), ("\n no kernel ", "no kernel"), ("", "ValueError")],
)
def test_of_what_a_library_says_the_first_line_is_told(said, line):
    assert first_line(ValueError(said)) == line
