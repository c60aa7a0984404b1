from xml.etree import ElementTree

import pytest

from dlconv.convert.quantize.plot import SERIES, curve_svg


@pytest.fixture(scope="module")
def picture(searched):
    return curve_svg(searched.found)


def test_the_picture_is_an_svg_with_names_for_what_it_shows(searched, picture):
    root = ElementTree.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    text = {"".join(each.itertext()).strip() for each in root.iter() if each.tag.endswith("}text")}
    assert {label for _, label in SERIES} <= text
    chosen = searched.found.best.brotli_bytes / 1e6
    assert f"chosen: {chosen:.3f} MB" in text


def test_each_try_has_a_mark_in_each_series(searched, picture):
    uses = [each for each in ElementTree.fromstring(picture).iter() if each.tag.endswith("}use")]
    marks = [use for use in uses if use.get("x") and use.get("y")]
    assert len(marks) >= len(SERIES) * len(searched.found.curve)


def test_the_same_search_gives_the_same_bytes(searched, picture):
    assert curve_svg(searched.found) == picture
    assert b"<dc:date>" not in picture
