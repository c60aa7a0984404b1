"""The model card: what it says, and its snippets, run as a reader would."""

import ast
import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
from itertools import takewhile
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from PIL import Image
from support.artifacts import litert_artifact, onnx_artifact, tfjs_artifact
from support.chromium import needs_chromium
from support.names import names
from support.sample import PHOTOS, sample_graph
from support.waiting import MILLISECONDS
from typer.testing import CliRunner

from dlconv.cli import app
from dlconv.demo.server import served
from dlconv.demo.site import Site
from dlconv.recipe import Interface
from dlconv.release.card import CARD_NAME, card
from dlconv.release.document import read_release
from dlconv.release.snippets import snippets
from dlconv.runtimes.chromium import open_browser
from dlconv.verify.photos import find_photos, load_photo
from dlconv.verify.reference import Reference
from dlconv.web.build import NODE, NPM, WEB, pack

CROP = (129, 129)
PHOTO = PHOTOS / "scene_2000030.png"
OTHER = Interface(CROP, "float32", "scores")
ONNX = "Python, ONNX Runtime"
TFJS, SEGMENT = "JavaScript, TensorFlow.js", "JavaScript, @dlconv/segment"


@pytest.fixture
def text(release):
    return (release / CARD_NAME).read_text()


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    return sample_graph(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def labels_of(frozen, tmp_path_factory):
    """The frozen graph's labels, in TensorFlow."""
    cache = tmp_path_factory.mktemp("labels")
    with Reference(frozen.path, frozen.source.graph_sha256, cache) as reference:
        yield lambda pixels: reference.labels(pixels)[0]


def with_other_interface(release, frozen, make, target):
    """The release with one artifact of fixed size, float32 pixels and scores, in its folder."""
    found = read_release(release)
    artifact = make(frozen, release / "other", interface=OTHER)
    (like,) = [each for each in found.artifacts if each.manifest.target == target]
    entry = f"other/{artifact.entry.name}"
    other = dataclasses.replace(like, path="other", entry=entry, manifest=artifact.manifest)
    return dataclasses.replace(found, artifacts=[other])


def code_of(release, title):
    """The code below a heading of the card."""
    tokens = MarkdownIt().parse(card(release))
    (place,) = [i for i, token in enumerate(tokens) if token.content == title]
    return [token.content for token in tokens[place:] if token.type == "fence"][1]


def rows_of(text, first_column):
    """The cells of the table whose first column is called so."""
    rows = takewhile(bool, text.partition(f"| {first_column} |")[2].splitlines()[2:])
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_it_says_what_the_model_is_and_may_be_used_for(text):
    assert text.startswith("# sample 1.2.0\n\nThis network segments photos")
    assert "5 classes (background, disc, rectangle, triangle, ring)" in text
    assert "Licence of the weights: Apache-2.0." in text
    assert "Trained on: Generated shapes. dlconv draws them itself" in text


def test_it_has_the_numbers_of_the_evidence(release, text):
    found = read_release(release).artifacts
    rows = rows_of(text, "artifact | for")
    assert [row[0] for row in rows] == [f"[{each.path}]({each.path}/)" for each in found]
    assert rows[0][1:8] == [
        "ONNX", "float32", "551 kB", "onnxruntime cpu", "100.00 %", "100.00 %", "1.000"
    ]  # fmt: skip
    assert rows[0][8] == f"{found[0].evidence[0].ms_median:.0f}"
    assert rows_of(text, "label")[1] == ["1", "disc", "`#800000`"]
    assert "No label of any photo differs." in text


def test_the_worst_photos_are_shown_first(release):
    found = read_release(release)
    result = found.artifacts[1].evidence[0]
    photos = [
        dataclasses.replace(photo, agreement=agreement, differing_pixels=7)
        for photo, agreement in zip(result.photos, (0.98, 0.95), strict=True)
    ]
    worse = dataclasses.replace(result, photos=photos)
    artifact = dataclasses.replace(found.artifacts[1], evidence=[worse])
    rows = rows_of(card(dataclasses.replace(found, artifacts=[artifact])), "photo")
    assert [row[:4] for row in rows] == [
        [photo.photo, "tfjs-float32", "tfjs-node wasm", f"{photo.agreement * 100:.2f} %"]
        for photo in reversed(photos)
    ]


def test_it_tells_how_the_release_was_made(release, text):
    assert "dlconv fetch sample\ndlconv onnx sample --opset 17\ndlconv tfjs sample\n" in text
    assert read_release(release).model.graph_sha256 in text


def test_names_cannot_do_anything_in_it(release):
    found = read_release(release)
    model = dataclasses.replace(
        found.model,
        name="x\n```\n# Heading",
        classes=("<img src=x onerror=alert(1)>", "a|b", "[c](javascript:d)"),
        licence="",
        dataset="",
        dataset_terms="",
        note="*bold*\n\n# Heading",
    )
    odd = card(dataclasses.replace(found, name=model.name, model=model))
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(odd)
    assert [token.tag for token in tokens].count("h1") == 2  # its opening and its closing
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {"text", "code_inline", "link_open", "link_close", "softbreak"}
    assert "html_block" not in {token.type for token in tokens}
    assert "Licence of the weights: unknown" in odd


def test_the_command_prints_it_as_the_release_has_it(release, tmp_path):
    answer = CliRunner().invoke(app, ["card", str(release)])
    assert answer.stdout == (release / CARD_NAME).read_text()
    nothing = CliRunner().invoke(app, ["card", str(tmp_path)])
    assert (nothing.exit_code, "name the folder of a release" in nothing.stderr) == (1, True)


def test_there_are_snippets_only_for_the_targets_that_are_there(release):
    found = read_release(release)
    onnx, tfjs = ([each] for each in found.artifacts)
    only_onnx = dataclasses.replace(found, artifacts=onnx)
    only_tfjs = dataclasses.replace(found, artifacts=tfjs)
    assert [each.language for each in snippets(only_onnx)] == ["python", "js"]
    assert '"onnx-float32/"' in code_of(only_onnx, SEGMENT)
    assert [each.title for each in snippets(only_tfjs)] == [TFJS, SEGMENT]


@pytest.mark.parametrize(
    ("make", "title"),
    [(None, ONNX), (onnx_artifact, ONNX), (litert_artifact, "Python, LiteRT")],
)
def test_its_python_gives_the_frozen_graph_s_labels(release, frozen, labels_of, make, title):
    found = read_release(release)
    if make is not None:
        found = with_other_interface(release, frozen, make, "onnx")
    code = code_of(found, title)
    Image.open(PHOTO).resize((300, 226)).save(release / "photo.jpg")
    program = f"{code}\nnp.save('labels.npy', labels)"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=release, check=True, capture_output=True, text=True
    )
    expected = labels_of(load_photo(find_photos([release / "photo.jpg"])[0], CROP))
    assert answer.stdout.startswith(f"(1, {expected.shape[0]}, {expected.shape[1]}) [0 ")
    np.testing.assert_array_equal(np.load(release / "labels.npy")[0], expected)


def found_in_page(release, files, script, import_map="{}", photo=PHOTO):
    """What a script leaves in ``found`` on a page with a photo, served from a release's folder."""
    page = f'<script type="importmap">{import_map}</script><img src="photo.png">'
    served_files = {
        path.relative_to(release).as_posix(): path for path in release.rglob("*") if path.is_file()
    }
    site = Site({**served_files, **files, "index.html": page.encode(), "photo.png": photo})
    with served(site) as address, open_browser([]) as browser:
        opened = browser.new_page()
        opened.goto(address)
        opened.add_script_tag(content=f"{script}\nglobalThis.found = found;", type="module")
        opened.wait_for_function("globalThis.found !== undefined", timeout=MILLISECONDS)
        return np.array(opened.evaluate("Array.from(found)"))


def bundled(script, folder):
    """A script with the npm packages it imports."""
    (folder / "snippet.js").write_text(script)
    command = [NODE, WEB / "node_modules/esbuild/bin/esbuild", "snippet.js", "--bundle"]
    return subprocess.check_output(
        [*command, "--format=esm", "--log-level=error"],
        cwd=folder,
        env={**os.environ, "NODE_PATH": str(WEB / "node_modules")},
        text=True,
    )


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("is_other", [False, True])
def test_its_javascript_gives_the_frozen_graph_s_labels(
    release, frozen, labels_of, is_other, tmp_path
):
    found = read_release(release)
    if is_other:
        found = with_other_interface(release, frozen, tfjs_artifact, "tfjs")
    wasm = WEB / "node_modules/@tensorflow/tfjs-backend-wasm/dist"
    files = {str(path.relative_to(WEB)): path for path in wasm.glob("*.wasm")}
    script = bundled(f"{code_of(found, TFJS)}\nconst found = await labels.data();", tmp_path)
    expected = labels_of(load_photo(find_photos([PHOTO])[0], CROP))
    labels = found_in_page(release, files, script)
    np.testing.assert_array_equal(labels.reshape(expected.shape), expected)
    # A browser shrinks photos in its own way, but to the same size.
    large = tmp_path / "large.png"
    Image.open(PHOTO).resize((300, 226)).save(large)
    expected = labels_of(load_photo(find_photos([large])[0], CROP))
    labels = found_in_page(release, files, script, photo=large)
    assert (labels.reshape(expected.shape) == expected).mean() > 0.99


@needs_chromium
@pytest.mark.long
def test_the_npm_package_gives_the_frozen_graph_s_labels(release, labels_of, tmp_path):
    (tmp_path / "package.json").write_text('{"private": true}')
    install = [NODE, NPM, "install", "--offline", "--no-audit", "--no-fund", pack(tmp_path)]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True)
    installed = (tmp_path / "node_modules").rglob("*")
    files = {str(path.relative_to(tmp_path)): path for path in installed if path.is_file()}
    names = {"@dlconv/segment": "/node_modules/@dlconv/segment/dist/index.js"}
    script = f"{code_of(read_release(release), SEGMENT)}\nconst found = labels;"
    labels = found_in_page(release, files, script, json.dumps({"imports": names}))
    expected = labels_of(load_photo(find_photos([PHOTO])[0], CROP))
    np.testing.assert_array_equal(labels.reshape(expected.shape), expected)


def named(release, name):
    """The release with a name wherever others give one."""
    model = dataclasses.replace(
        release.model,
        name=name,
        url=name,
        tarball_digests={name: name},
        licence=name,
        dataset=name,
        dataset_terms=name,
        classes=(name, "b"),
        note=name,
    )
    artifacts = [
        dataclasses.replace(
            each,
            path=name,
            entry=f"{name}/model",
            command=f"dlconv onnx {name}",
            evidence=[
                dataclasses.replace(
                    result, photos=[dataclasses.replace(p, photo=name) for p in result.photos]
                )
                for result in each.evidence
            ],
        )
        for each in release.artifacts
    ]
    return dataclasses.replace(release, name=name, version=name, model=model, artifacts=artifacts)


@given(name=names.filter(lambda name: name.split() and "\\ud" not in ascii(name)))
def test_the_card_is_the_same_card_whatever_names_are_in_it(packed, name):
    release = read_release(packed)
    kinds = []
    for each in ("plain", name):
        text = card(named(release, each))
        assert all(line.isprintable() for line in text.split("\n"))
        assert not re.search(r"^\s*::|##\w*\[", text, re.MULTILINE)
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
        inline = [part.type for token in tokens for part in token.children or []]
        assert not {"html_inline", "image"} & {*inline}
        assert inline.count("link_open") == len(release.artifacts)
        kinds.append([token.type for token in tokens])
    assert kinds[0] == kinds[1]


@given(name=names.filter(lambda name: name.isprintable() and "##" not in name))
def test_code_of_the_card_has_names_in_strings_and_in_words(packed, name):
    release = named(read_release(packed), name)
    fences = [token for token in MarkdownIt().parse(card(release)) if token.type == "fence"]
    (making,) = [each.content for each in fences if "dlconv pack" in each.content]
    words = [shlex.split(line) for line in making.splitlines()]
    assert words[0] == ["dlconv", "fetch", name]
    assert words[-1] == ["dlconv", "pack", "--version", name]
    (python,) = [each.content for each in fences if each.info == "python"]
    strings = [each.value for each in ast.walk(ast.parse(python)) if isinstance(each, ast.Constant)]
    assert f"{name}/model" in strings
    for script in (each.content for each in fences if each.info == "js"):
        addresses = re.findall(r"load\w+\((\".*?\")\)", script)
        assert unquote(json.loads(addresses[0])).startswith(name)


def test_a_name_with_a_command_in_it_is_one_word(packed):
    release = named(read_release(packed), "x; rm -rf ~ #")
    assert "\ndlconv fetch 'x; rm -rf ~ #'\n" in card(release)
