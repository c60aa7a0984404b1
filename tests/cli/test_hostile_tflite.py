"""Files of LiteRT that are broken, or made to break what reads them, by every command."""

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from PIL import Image
from support.artifacts import made
from support.networks import pictures, trained_segmenter
from typer.testing import CliRunner

from dlconv import api
from dlconv.cli import app

CUSTOM, UNKNOWN = 32, 4000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A graph, its artifact, and a photo."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "graph.pb").write_bytes(trained_segmenter().SerializeToString())
    made("litert", api.find(folder / "graph.pb"), folder / "model.tflite")
    Image.fromarray(pictures(1)[0][0]).save(folder / "photo.png")
    return folder


def call(monkeypatch, folder, *arguments):
    monkeypatch.chdir(folder)
    return CliRunner().invoke(app, list(arguments))


def edited(edit):
    """What writes a file whose tables were changed by ``edit``, which is given its model."""

    def content(whole):
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(whole, 0))
        edit(model)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    return content


def with_code(code, custom=None):
    def edit(model):
        for each in model.operatorCodes:
            if each.builtinCode == schema.BuiltinOperator.ARG_MAX:
                each.builtinCode, each.deprecatedBuiltinCode = code, min(code, 127)
                each.customCode = custom

    return edit


def with_a_version(model):
    model.operatorCodes[0].version = 1000


def of_nothing(model):
    """Let the output be a tensor that no operator gives."""
    graph = model.subgraphs[0]
    given = next(each for each in graph.operators if graph.outputs[0] in each.outputs)
    graph.operators.remove(given)


def of_gigabytes(model):
    """Let an operator give more than the machine has."""
    for each in model.subgraphs[0].tensors:
        if each.shape is not None and len(each.shape) == 4:
            each.shape = np.array([2**15, 2**15, 2**15, 2**15], np.int32)


def far_off(whole):
    """Let the root be far outside of the file."""
    return (2**31 - 8).to_bytes(4, "little") + whole[4:]


NOT_READ, NOT_RUN = ("inspect", "verify", "bisect"), ("verify", "bisect")
COMMANDS = {
    "inspect": ("inspect", "x.tflite"),
    "verify": ("verify", "x.tflite", "--reference", "graph.pb", "--images", "photo.png"),
    "bisect": ("bisect", "x.tflite", "--reference", "graph.pb", "--image", "photo.png"),
}


@pytest.mark.parametrize(
    ("content", "refused_by", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], NOT_READ, "x.tflite is damaged: "),
        (lambda whole: b"", NOT_READ, "x.tflite is empty, not a .tflite file"),
        (far_off, NOT_READ, "x.tflite is damaged: "),
        (edited(of_gigabytes), NOT_READ, "x.tflite: "),
        (edited(with_code(UNKNOWN)), NOT_RUN, "LiteRT cannot load x.tflite: "),
        (edited(with_code(CUSTOM, b"Own")), NOT_RUN, "LiteRT cannot load x.tflite: "),
        (edited(with_a_version), NOT_RUN, "LiteRT cannot load x.tflite: "),
        (edited(of_nothing), ("verify",), "LiteRT cannot run x.tflite: "),
    ],
)
def test_it_is_refused_in_a_line(monkeypatch, folder, content, refused_by, message):
    whole = (folder / "model.tflite").read_bytes()
    (folder / "x.tflite").write_bytes(content(whole))
    for name in refused_by:
        answer = call(monkeypatch, folder, *COMMANDS[name])
        assert answer.exit_code == 1, answer.output
        *_, last = answer.stderr.splitlines()
        assert last.startswith(("error: ", "failed: "))
        assert message in last
