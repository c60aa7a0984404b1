from dlconv.verify.reports.markdown import as_markdown


def test_a_row_for_each_and_what_fell_short(passed, failed):
    text = as_markdown([passed, failed])
    lines = text.splitlines()
    assert lines[0] == "### dlconv verify: 1 of 2 passed"
    rows = [line for line in lines if "tfjs-node wasm |" in line]
    assert rows[0].endswith("| passed |")
    assert rows[1].endswith("| **failed** |")
    assert f"- {failed.failures[0]}" in lines
    photos = [line for line in lines if line.count("|") == 4 and ".png" in line]
    assert photos[0].startswith(f"| {failed.worst.photo} |")
    assert len(photos) == 3


def test_cells_are_as_many_as_columns_whatever_a_photo_is_called(failed):
    import dataclasses

    odd = dataclasses.replace(failed.photos[0], photo="a|b.png")
    text = as_markdown([dataclasses.replace(failed, photos=(odd,))])
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} == {10, 4}
