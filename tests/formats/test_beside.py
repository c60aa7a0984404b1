import json
from pathlib import Path

import pytest

from dlconv.errors import DlconvError
from dlconv.formats.beside import is_beside, refuse_elsewhere

# The TypeScript says the same of them: tests/web/segment/beside.test.mts.
CASES = json.loads(Path(__file__).with_name("beside.json").read_text())


@pytest.mark.parametrize("name", CASES["beside"])
def test_a_plain_name_is_beside(name):
    assert is_beside(name)
    refuse_elsewhere([name], "model.json")


@pytest.mark.parametrize("name", [*CASES["elsewhere"], "x" * 256, "\u00e4" * 128])
def test_what_a_path_or_an_address_takes_elsewhere_is_not(name):
    with pytest.raises(DlconvError, match="model.json names .*, which is not a file beside it"):
        refuse_elsewhere([name], "model.json")
