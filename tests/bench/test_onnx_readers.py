import json
import sys

import numpy as np
import pytest
from PIL import Image
from support.graphs import cast, const, convolution, graph_def, node, placeholder
from support.readers import PYTHON, needs_readers
from support.sample import PHOTOS, sample_graph

from dlconv.bench import onnx_readers
from dlconv.bench.onnx_readers import Answer, as_data, compare, form_of, main, recipes, tables
from dlconv.errors import DlconvError, UsageError
from dlconv.recipe import Recipe
from dlconv.terminal.output import show
from dlconv.verify.photos import find_photos

SIZE = 128
FORMS = {form_of(recipe): recipe for recipe in recipes(SIZE)}
FREE = [form for form in FORMS if "--input-size" not in form]
STATIC = "--quantize static"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return sample_graph(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def photos():
    return find_photos([PHOTOS])


def program(path, *lines):
    """An executable that stands in for a Python with other readers."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def answer_of(sample, photos, python, reader="opencv"):
    (answer,) = compare(sample, Recipe("onnx"), [reader], photos[:1], python)
    return answer


def test_forms_are_named_by_the_options_that_make_them():
    assert len(FORMS) == len(recipes(SIZE))
    assert FORMS[""] == Recipe("onnx")
    assert "--input-size 128x128 --input float32 --layout nchw --opset 26" in FORMS


def test_a_reader_that_gives_the_same_labels_is_equal(sample, photos):
    answer = answer_of(sample, photos, "none", "ort-web-node:wasm")
    assert answer == Answer("", "ort-web-node:wasm", 97 * 129, 0)
    assert answer.text == "equal"


def test_labels_that_differ_are_counted(sample, photos, tmp_path):
    zeros = tmp_path / "zeros.py"
    zeros.write_text(
        "import sys, numpy as np\n"
        "images = np.load(sys.argv[4])\n"
        "np.savez(sys.argv[5], *[np.zeros(images[key].shape[:3]) for key in images.files])\n"
    )
    python = program(tmp_path / "python", f'exec {sys.executable} {zeros} "$@"')
    answer = answer_of(sample, photos, python)
    assert 0 < answer.differing_pixels < answer.pixels
    assert answer.text == f"{answer.differing_pixels:,}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("echo 'a warning' >&2; echo 'no such layer' >&2; exit 1", "no such layer"),
        ("kill -9 $$", "its process ended with -9"),
    ],
)
def test_a_reader_that_gives_no_labels_says_why(sample, photos, tmp_path, line, message):
    answer = answer_of(sample, photos, program(tmp_path / "python", line))
    assert (answer.differing_pixels, answer.message, answer.text) == (None, message, "refused")


def test_a_python_or_reader_that_there_is_not_is_an_error(sample, photos, tmp_path):
    with pytest.raises(DlconvError, match="there is no Python .*/none"):
        answer_of(sample, photos, tmp_path / "none")
    with pytest.raises(UsageError, match="there is no runtime 'safari'"):
        answer_of(sample, photos, "none", "safari")


def test_a_table_has_a_row_for_each_form_and_says_why_one_is_refused(capsys):
    answers = [
        Answer("", "opencv", 2000, 0),
        Answer("", "openvino", 2000, 1500),
        Answer("--opset 25", "opencv", 2000, None, "no such layer"),
        Answer("--opset 25", "openvino", 2000, 0),
    ]
    show(*tables("a network", answers))
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines() if "2,000" in line] == [
        ["default", "2,000", "equal", "1,500"],
        ["--opset", "25", "2,000", "refused", "equal"],
    ]
    assert "opencv: no such layer (--opset 25)" in shown
    assert as_data("a network", 1, answers)["answers"][1] == {
        "form": "",
        "reader": "openvino",
        "pixels": 2000,
        "differing_pixels": 1500,
        "message": "",
    }


def test_the_program_prints_what_scripts_read(tiny, photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(onnx_readers, "recipes", lambda size: [Recipe("onnx", opset=18)])
    python = program(tmp_path / "python", "echo 'no such layer' >&2; exit 1")
    options = ["--images", photos[0].path, "--reader", "opencv", "--python", python, "--json"]
    assert main([*map(str, [tiny.path, *options])]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == as_data(
        "tiny", 1, [Answer("--opset 18", "opencv", 97 * 129, None, "no such layer")]
    )
    assert main([str(tiny.path), "--images", str(tmp_path / "none")]) > 0


@needs_readers
@pytest.mark.parametrize("form", FORMS)
def test_other_readers_give_the_labels_that_onnx_runtime_gives(sample, photos, form):
    """What docs/onnx.md says of each."""
    libraries = ["opencv", "opencv-classic", "openvino", "openvino-float32"]
    answers = compare(sample, FORMS[form], libraries, photos, PYTHON)
    opencv, classic, openvino, exact = answers
    few = opencv.pixels // 1000 if STATIC in form else 0
    assert opencv.differing_pixels <= few
    if form in FREE:
        assert "isDynamicShape" in classic.message
    else:
        assert classic.differing_pixels <= few
    if form == STATIC:
        assert exact.differing_pixels > exact.pixels // 3
    else:
        assert exact.differing_pixels <= few
        assert openvino.differing_pixels <= openvino.pixels // 100


@needs_readers
@pytest.mark.parametrize("is_free", [True, False])
def test_opencv_gets_strides_over_even_sizes_wrong_that_are_free(frozen_on_disk, tmp_path, is_free):
    """What docs/onnx.md warns of."""
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "even.png")
    side = None if is_free else 64
    graph = graph_def(
        placeholder("image", np.uint8, (1, side, side, 3)),
        cast("pixels", "image", np.float32, np.uint8),
        const("kernel", np.random.default_rng(1).normal(size=(3, 3, 3, 4)), np.float32),
        convolution("scores", "pixels", "kernel", strides=(2, 2)),
        const("axis", 3, np.int32),
        node("labels", "ArgMax", "scores", "axis", T=np.float32, Tidx=np.int32),
    )
    even = find_photos([tmp_path / "even.png"])
    readers = ["opencv", "openvino-float32"]
    opencv, openvino = compare(frozen_on_disk(graph), Recipe("onnx"), readers, even, PYTHON)
    assert (opencv.differing_pixels > 0) == is_free
    assert openvino.differing_pixels == 0
