import numpy as np
import pytest

from dlconv.errors import DlconvError
from dlconv.formats.tfjs_weights import parse_groups, read_weights, stored_floats


def group(*weights, paths=("a", "b")):
    return {"paths": list(paths), "weights": list(weights)}


def weight(name, shape, dtype, stored=None, **quantization):
    entry = {"name": name, "shape": shape, "dtype": dtype}
    return entry | {"quantization": {"dtype": stored, **quantization}} if stored else entry


def read(directory, *groups):
    return read_weights(parse_groups(list(groups), "here"), directory)


def test_weights_lie_one_after_another_across_the_shards_of_their_group(tmp_path):
    content = np.float32([1.5, -2]).tobytes() + np.int32([7]).tobytes() + b"\x01\x00\xff"
    (tmp_path / "a").write_bytes(content[:5])
    (tmp_path / "b").write_bytes(content[5:])
    (tmp_path / "c").write_bytes(np.float32([3]).tobytes())
    values = read(
        tmp_path,
        group(
            weight("pair", [2, 1], "float32"),
            weight("seven", [], "int32"),
            weight("flags", [2], "bool"),
            weight("byte", [1], "uint8"),
            weight("nothing", [0, 3], "float32"),
        ),
        group(weight("three", [1], "float32"), paths=["c"]),
    )
    found = {name: (array.dtype.name, array.tolist()) for name, array in values.items()}
    assert found == {
        "pair": ("float32", [1.5, -2]),
        "seven": ("int32", [7]),
        "flags": ("bool", [True, False]),
        "byte": ("uint8", [255]),
        "nothing": ("float32", []),
        "three": ("float32", [3]),
    }


def test_codes_and_halves_become_the_values_that_tfjs_computes_with(tmp_path):
    (tmp_path / "a").write_bytes(bytes([0, 10, 0, 10]) + np.uint16([1000]).tobytes())
    (tmp_path / "b").write_bytes(np.float16([0.1]).tobytes())
    values = read(
        tmp_path,
        group(
            weight("8", [2], "float32", "uint8", min=-1, scale=0.1),
            weight("integers", [2], "int32", "uint8", min=0.5, scale=0.2),
            weight("16", [1], "float32", "uint16", min=-3, scale=0.01),
            weight("half", [1], "float32", "float16"),
        ),
    )
    assert values["8"].tolist() == np.float32([-1, 10 * 0.1 - 1]).tolist()
    assert values["integers"].tolist() == [1, 3]
    assert values["16"].tolist() == [7]
    assert values["half"].tolist() == [np.float16(0.1)]


def test_what_floats_are_stored_as_is_told():
    groups = parse_groups(
        [
            group(weight("a", [], "float32"), weight("b", [], "uint8")),
            group(weight("c", [], "float32", "uint16", min=0, scale=1), paths=["c"]),
        ],
        "here",
    )
    assert stored_floats(groups) == {"float32", "uint16"}


ONE = weight("one", [1], "float32")
REFUSED = {
    "no list": ({}, "here is not a weights manifest: all of it"),
    "no group": ([3], "not a weights manifest: 0"),
    "a group of nothing": ([{}], "not a weights manifest: 0.paths: Field required"),
    "a negative extent": ([group(weight("x", [-1], "float32"))], "0.weights.0.shape.0"),
    "a scale that is no number": (
        [group(weight("x", [1], "float32", "uint8", min=0, scale=float("nan")))],
        r"quantization\.scale: .*finite",
    ),
    "the folder above": ([group(ONE, paths=[".."])], "names '..', which is not a file beside it"),
    "another folder": ([group(ONE, paths=["x/../../y"])], "which is not a file beside it"),
    "a shard twice": ([group(ONE, paths=["a", "a"])], "here names a twice"),
    "a weight twice": ([group(ONE), group(ONE, paths=["c"])], "here names one twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_manifest_that_is_none_is_refused(case):
    content, message = REFUSED[case]
    with pytest.raises(DlconvError, match=message):
        parse_groups(content, "here")


UNREADABLE = {
    "strings": (weight("x", [1], "string"), "the weight x is string"),
    "codes without a scale": (weight("x", [8], "float32", "uint8"), "without min and scale"),
    "too few bytes": (weight("x", [3], "float32"), r"\(a, b\) hold 8 bytes, their weights take 12"),
    "too many bytes": (weight("x", [1], "float32"), "hold 8 bytes, their weights take 4"),
    "all the bytes there are": (weight("x", [2**31 - 1] * 8, "float32"), "their weights take"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_shards_that_do_not_hold_the_weights_are_refused(tmp_path, case):
    entry, message = UNREADABLE[case]
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"1234")
    with pytest.raises(DlconvError, match=message):
        read(tmp_path, group(entry))


def test_a_shard_that_is_missing_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"1234")
    with pytest.raises(DlconvError, match="cannot read .*/b: No such file"):
        read(tmp_path, group(ONE))
