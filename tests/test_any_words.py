"""Whatever words a command gets, it answers with an exit code and at most one line of error."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.graphs import tiny_segmenter
from typer.testing import CliRunner

from dlconv.cli import app

GROUP = typer.main.get_command(app)
# Those that stay until Ctrl-C, or try everything that the machine has.
LEFT_OUT = {"demo", "doctor"}
LEFT_OUT_OPTIONS = {"--help", "--verbose", "--tensorboard", "--view", "--dask", "--keyless"}
COMMANDS = sorted(set(GROUP.commands) - LEFT_OUT)

PLACES = (
    "tiny.pb",
    "photos",
    "empty.pb",
    "text.pb",
    "cut.pb",
    "text.jpg",
    "folder",
    "folder.pb",
    "fifo.pb",
    "loop.pb",
    "photos/fifo.png",
    "\udcff.pb",
    "\udcff.png",
    "dlconv.toml",
    "manifest.json",
    "missing/missing.pb",
    "n" * 300,
    "/dev/null",
    ".",
    "..",
    "",
)
NAMES = ("sample", "tiny", "Const", "ImageTensor", "SemanticPredictions", "a,b", ",", "x:0", "[/]")
SIZES = ("0", "-1", "1", "7x5", "0x0", "9" * 30, "9" * 400, "1e9", "nan", "inf", "x", "1x", "½")
CHOICES = ("1", "2", "f16", "auto", "static", "float32", "plain1", "all", "tfjs-node:cpu", "uint8")
ADDRESSES = (
    "http://[::1",
    "http://127.0.0.1:1/x.pb",
    "http://127.0.0.1:99999/x",
    "file:///x%00y",
    "file://nowhere.invalid/x",
    "ftp://x/y",
    "http://user:secret@127.0.0.1:1/",
    "github:x",
    "npm:",
    "oci:x",
    "hf:x",
    "://",
)
# A word as the system hands it over: bytes that are no UTF-8 are lone surrogates.
TEXT = st.binary(min_size=1, max_size=12).map(lambda word: os.fsdecode(word.replace(b"\0", b"0")))
WORDS = st.one_of(*map(st.sampled_from, (PLACES, NAMES, SIZES, CHOICES, ADDRESSES)), TEXT)


@st.composite
def command_lines(draw):
    name = draw(st.sampled_from(COMMANDS))
    parameters = GROUP.commands[name].params
    options = [each for each in parameters if each.param_type_name == "option"]
    options = [each for each in options if not LEFT_OUT_OPTIONS & {*each.opts}]
    words = [name]
    for option in draw(st.lists(st.sampled_from(options), max_size=3)) if options else []:
        words.append(option.opts[-1])
        if not option.is_flag:
            words.append(draw(WORDS))
    for argument in parameters:
        if argument.param_type_name == "argument":
            most = 1 if argument.nargs == 1 else 2
            words += draw(st.lists(WORDS, min_size=int(argument.required), max_size=most))
    return words


def fill(folder):
    """Put a graph and photos into a folder, and things that are not what their names say."""
    graph = tiny_segmenter().SerializeToString(deterministic=True)
    for name, content in {
        "tiny.pb": graph,
        "empty.pb": b"",
        "text.pb": b"not a graph",
        "cut.pb": graph[: len(graph) // 2],
        "text.jpg": b"not a photo",
        "\udcff.pb": graph,
        "dlconv.toml": b"[models.\xff]",
        "manifest.json": b"[" * 100_000,
    }.items():
        (folder / name).write_bytes(content)
    for name in ("folder", "folder.pb", "photos"):
        (folder / name).mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    for path in (folder / "photos" / "0.png", folder / "\udcff.png"):
        with path.open("wb") as file:
            Image.fromarray(pixels).save(file, format="PNG")
    os.mkfifo(folder / "fifo.pb")
    os.mkfifo(folder / "photos" / "fifo.png")
    (folder / "loop.pb").symlink_to("loop.pb")


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200")))
@given(words=command_lines())
@example(words=["tfjs", "\udcff.pb"])
@example(words=["publish", "file:///x%00y"])
def test_any_words_are_answered(words):
    with tempfile.TemporaryDirectory() as above, pytest.MonkeyPatch.context() as patch:
        folder = Path(above) / "work"
        folder.mkdir()
        fill(folder)
        patch.chdir(folder)
        patch.setenv("DLCONV_MIRROR", (Path(above) / "no-mirror").as_uri())
        patch.setenv("DLCONV_CACHE", f"{above}/cache")
        patch.setenv("DLCONV_LOCK", f"{above}/dlconv.lock")
        answer = CliRunner().invoke(app, words)
    assert answer.exit_code in (0, 1, 2), answer.stderr
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    assert "Traceback" not in answer.stderr
    assert all(each.isprintable() for line in answer.stderr.splitlines() for each in line)
