import pytest
from markdown_it import MarkdownIt

from dlconv.terminal.markdown import escaped, table

ODD = ["a|b", "*x*", "`x`", "<b>x</b>", "[x](http://y)", "_x_", "__x__", "a\\|b", "two\nlines"]


@pytest.mark.parametrize("text", ODD)
def test_a_cell_shows_its_text_and_nothing_of_what_it_could_mean(text):
    content = table(["name", "number"], [[escaped(text), "1"]], right=["number"])
    html = MarkdownIt("gfm-like", {"linkify": False}).render(content)
    assert html.count("<td") == 2
    shown = html.partition("<td>")[2].partition("</td>")[0]
    assert "<" not in shown
    expected = text.replace("\n", " ").replace("<", "&lt;").replace(">", "&gt;")
    assert shown == expected


def test_file_names_stay_as_they_are():
    assert escaped("scene_2000030.png") == "scene_2000030.png"
