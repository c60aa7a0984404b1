"""What two paths name is exchanged in one step, or not at all."""

import errno
import os

import pytest

from dlconv.storage import exchange as module
from dlconv.storage.exchange import exchange


def test_folders_exchange_their_names(tmp_path):
    for name in ("one", "caf\udce9"):
        (tmp_path / name).mkdir()
        (tmp_path / name / os.fsencode(name).hex()).touch()
    if not exchange(tmp_path / "one", tmp_path / "caf\udce9"):
        pytest.skip("the disk of this machine cannot")
    assert [path.name for path in (tmp_path / "one").iterdir()] == [b"caf\xe9".hex()]
    assert [path.name for path in (tmp_path / "caf\udce9").iterdir()] == [b"one".hex()]


def test_a_path_that_names_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        exchange(tmp_path, tmp_path / "nothing")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL])
def test_a_disk_that_cannot_is_no_error(tmp_path, monkeypatch, number):
    monkeypatch.setattr(module, "_ask_system", lambda first, second: number)
    assert not exchange(tmp_path / "one", tmp_path / "two")
