from pathlib import Path

from dlconv.verify.conformance.page import page

PAGE = Path(__file__).parents[2] / "docs/conformance.md"


def test_the_page_says_what_the_data_says():
    assert PAGE.read_text(encoding="utf-8") == page()
