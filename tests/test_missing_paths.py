"""A path that is not there is one line that names it, and exit code 1, wherever it is given."""

import pytest
from support.artifacts import PLAIN, tfjs_artifact
from typer.testing import CliRunner

from dlconv.cli import app

GONE = "gone/nothing"
CALLS = [
    ("models", "--registry", GONE),
    ("fetch", "sample", "--registry", GONE),
    ("inspect", f"{GONE}.pb"),
    ("inspect", GONE),
    ("inspect", "--diff", f"{GONE}.pb", f"{GONE}.pb"),
    ("inspect", "tiny.pb", "--view", "model-explorer", "--artifact", GONE),
    ("rewrite", f"{GONE}.pb", "-o", "out.pb"),
    ("tfjs", GONE),
    ("tfjs", "tiny.pb", "--quantize", "1", "--calibrate", GONE),
    ("onnx", GONE),
    ("onnx", "tiny.pb", "--quantize", "static", "--calibrate", GONE),
    ("upgrade", GONE),
    ("verify", GONE),
    ("verify", "artifact", "--images", GONE),
    ("verify", "artifact", "--images", f"{GONE * 100}.jpg"),
    ("verify", "artifact", "--dataset", GONE),
    ("verify", "artifact", "--images", "photo.png", "--masks", GONE),
    ("verify", "artifact", "--reference", GONE),
    ("verify", "artifact", "--registry", GONE),
    ("bench", GONE),
    ("bench", "artifact", "--images", GONE),
    ("bench", "artifact", "--against", GONE),
    ("bisect", GONE),
    ("bisect", "artifact", "--image", GONE),
    ("bisect", "artifact", "--reference", GONE),
    ("run", "sample", "--images", GONE),
    ("build", "--config", GONE),
    ("pack", GONE),
    ("pack", "artifact", "--evidence", GONE),
    ("sign", GONE, "--private-key", GONE),
    ("check", GONE),
    ("publish", "there", "--release", GONE),
    ("publish", "--config", GONE),
    ("card", GONE),
    ("demo", GONE),
]


@pytest.fixture
def folder(tiny, tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    tfjs_artifact(tiny, tmp_path / "artifact", PLAIN)
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")


@pytest.mark.parametrize("arguments", CALLS, ids=" ".join)
def test_it_is_one_line_and_exit_code_1(folder, arguments):
    answer = CliRunner().invoke(app, arguments)
    assert isinstance(answer.exception, SystemExit), answer.exception
    assert answer.exit_code == 1
    assert answer.stdout == ""
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    assert GONE[:4] in line
