import re

import pytest
from markdown_it import MarkdownIt

from dlconv.terminal.markdown import escaped, table

ODD = ["a|b", "*x*", "`x`", "<b>x</b>", "[x](http://y)", "_x_", "__x__", "a\\|b", "two\nlines"]
ADDRESSES = ["[x](http://evil)", "a https://evil.com/x", "FTP://evil.com", "_www.evil.com", "://x"]
# What GitHub makes a link of (GFM, 6.9), but for addresses of mail, which no mark can stop.
LIVE = re.compile(r"(https?|ftp)://|www\.", re.IGNORECASE)


@pytest.mark.parametrize("text", [*ODD, *ADDRESSES])
def test_a_cell_shows_its_text_and_nothing_of_what_it_could_mean(text):
    content = table(["name", "number"], [[escaped(text), "1"]], right=["number"])
    html = MarkdownIt("gfm-like", {"linkify": False}).render(content)
    assert html.count("<td") == 2
    shown = html.partition("<td>")[2].partition("</td>")[0]
    assert "<" not in shown
    expected = text.replace("\n", " ").replace("<", "&lt;").replace(">", "&gt;")
    assert shown == expected


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_in_a_name_is_no_link(text):
    assert not LIVE.search(escaped(text))


def test_an_address_in_a_sentence_stays_one():
    assert escaped("see https://x.org/a_b", with_links=True) == "see https://x.org/a_b"


def test_file_names_stay_as_they_are():
    assert escaped("scene_2000030.png") == "scene_2000030.png"
