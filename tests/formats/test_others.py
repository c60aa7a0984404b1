"""What people have in place of a frozen graph is named, with what to do about it."""

import pytest
from support.graphs import tiny_segmenter
from typer.testing import CliRunner

from dlconv.cli import app

FREEZE = "convert_variables_to_constants_v2"
EXPORT = "export_model.py"


@pytest.mark.parametrize(
    ("files", "what", "hint"),
    [
        (["net.keras"], "a Keras model", FREEZE),
        (["net.h5"], "a Keras model", FREEZE),
        (["model.ckpt.index"], "part of a checkpoint", EXPORT),
        (["model.ckpt-30000.data-00000-of-00001"], "part of a checkpoint", EXPORT),
        (["net/model.ckpt.index", "net/checkpoint"], "a folder with a checkpoint", EXPORT),
        (["net/weights.h5"], "a folder with a Keras model", FREEZE),
        (
            ["net/a/frozen_inference_graph.pb", "net/a/model.ckpt.index"],
            "a folder with",
            "a/frozen",
        ),
    ],
)
@pytest.mark.parametrize("command", ["tfjs", "onnx", "rewrite", "inspect"])
def test_it_is_named(tmp_path, monkeypatch, command, files, what, hint):
    monkeypatch.chdir(tmp_path)
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"bytes that nobody reads")
    spec = files[0].partition("/")[0]
    for given in (spec, f"./{spec}", str(tmp_path / spec)):
        more = ["out.pb"] if command == "rewrite" else []
        answer = CliRunner().invoke(app, [command, given, *(["-o", *more] if more else [])])
        assert answer.exit_code == 1, answer.output
        assert answer.stderr.count("\n") == 1
        assert what in answer.stderr
        assert hint in answer.stderr


@pytest.mark.parametrize("command", ["tfjs", "onnx"])
def test_a_saved_model_and_a_folder_of_the_zoo_are_told(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    for name, file in (("saved", "saved_model.pb"), ("zoo", "frozen_inference_graph.pb")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_bytes(tiny_segmenter().SerializeToString())
    said = CliRunner().invoke(app, [command, "saved"]).stderr
    assert "it is a SavedModel, not a frozen graph" in said
    assert FREEZE in said
    said = CliRunner().invoke(app, [command, "zoo"]).stderr
    assert said.startswith("error: cannot read zoo: it is a folder with a frozen graph")
    assert "give the file in it: zoo/frozen_inference_graph.pb" in said
    assert CliRunner().invoke(app, ["inspect", "zoo"]).exit_code == 0


@pytest.mark.parametrize("command", ["tfjs", "onnx", "rewrite", "verify", "pack", "demo", "bench"])
def test_an_address_stays_one(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    more = ["-o", "out.pb"] if command == "rewrite" else []
    address = "https://me:hunter2@host/net.pb?token=hunter2"
    answer = CliRunner().invoke(app, [command, address, *more])
    assert answer.exit_code == 1, answer.output
    assert answer.stderr.splitlines()[-1].startswith(
        "error: https://***@host/net.pb?*** is an address, and "
    )
    assert "download" in answer.stderr
    assert not [*tmp_path.iterdir()]
