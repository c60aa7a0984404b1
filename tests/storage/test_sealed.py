import pytest

from dlconv.storage.sealed import read_sealed, sealed, write_sealed


@pytest.mark.parametrize("content", [b"", b"labels", bytes(1000)])
def test_what_was_kept_comes_back_and_nothing_else(tmp_path, content):
    path = tmp_path / "deep" / "entry"
    write_sealed(path, content)
    assert read_sealed(path) == content
    kept = path.read_bytes()
    for other in (b"", content, kept[:-1], kept + b"0", bytes([kept[0] ^ 1]) + kept[1:]):
        path.write_bytes(other)
        assert read_sealed(path) is None
    path.write_bytes(sealed("another", content))
    assert read_sealed(path) is None
    path.unlink()
    assert read_sealed(path) is None
