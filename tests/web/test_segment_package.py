"""The npm package @dlconv/segment, packed and installed, in the page that its README shows."""

import base64
import io
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.artifacts import PLAIN, litert_artifact, onnx_artifact, tfjs_artifact
from support.chromium import needs_chromium
from support.sample import PHOTOS, sample_graph
from support.waiting import MILLISECONDS

from dlconv.demo.server import served
from dlconv.demo.site import Site
from dlconv.runtimes.chromium import open_browser
from dlconv.verify.reference import Reference
from dlconv.web.build import NODE, WEB

PHOTO = PHOTOS / "scene_2000030.png"
CONSUMER = """
import { ArtifactError, loadSegmenter, type Segmentation } from "@dlconv/segment";
export async function classesIn(video: HTMLVideoElement): Promise<Set<number>> {
  const segmenter = await loadSegmenter("model/", { backend: "webgl" });
  const { labels }: Segmentation = await segmenter.segment(video);
  return new Set(labels);
}
export const isDamaged = (error: unknown): boolean => error instanceof ArtifactError;
"""
BUNDLED = """
import { loadSegmenter } from "@dlconv/segment";
const photo = new ImageData(65, 65);
const told = [];
for (const artifact of ["tfjs/", "onnx/", "litert/"]) {
  const segmenter = await loadSegmenter(artifact, { runtimeUrl: "runtime" });
  const { labels } = await segmenter.segment(photo);
  told.push(labels.length);
}
globalThis.told = told;
"""

pytestmark = pytest.mark.slow


@needs_chromium
def test_the_readme_s_page_draws_the_frozen_graph_s_mask(project, tmp_path):
    graph = sample_graph(tmp_path)
    artifact = tfjs_artifact(graph, tmp_path / "artifact", PLAIN)
    readme = (project / "node_modules/@dlconv/segment/README.md").read_text()
    page = re.search(r"```html\n(.*?)```", readme, re.DOTALL)[1]
    files = {
        str(path.relative_to(project)): path
        for path in (project / "node_modules").rglob("*")
        if path.is_file()
    }
    for path in artifact.directory.iterdir():
        files[f"artifacts/sample/tfjs-uint8/{path.name}"] = path
    files |= {"index.html": page.encode(), "photo.png": PHOTO}
    with served(Site(files)) as address, open_browser([]) as browser:
        opened = browser.new_page()
        troubles = []
        opened.on("pageerror", lambda error: troubles.append(str(error)))
        opened.goto(address)
        opened.wait_for_selector("#mask[width]", timeout=MILLISECONDS)
        url = opened.eval_on_selector("#mask", "canvas => canvas.toDataURL()")
    assert not troubles
    drawn = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    pixels = np.asarray(Image.open(PHOTO).convert("RGB"))
    with Reference(graph.path, graph.source.graph_sha256, tmp_path / "labels") as reference:
        labels = reference.labels(pixels[None])[0]
    assert drawn.size == (labels.shape[1], labels.shape[0])
    assert ((np.asarray(drawn)[..., 3] == 255) == (labels > 0)).mean() > 0.99


@needs_chromium
def test_a_bundle_of_it_finds_the_runtimes_where_the_page_says(project, tmp_path):
    (project / "page.js").write_text(BUNDLED)
    esbuild = WEB / "node_modules/esbuild/bin/esbuild"
    options = ["--bundle", "--splitting", "--format=esm", "--outdir=bundle"]
    subprocess.run([NODE, esbuild, "page.js", *options], cwd=project, check=True)
    resolve = "process.stdout.write(require.resolve('@dlconv/segment/package.json'))"
    package = subprocess.check_output([NODE, "-e", resolve], cwd=project, text=True)
    dist = Path(package).parent / "dist"
    files = {f"assets/{path.name}": path for path in (project / "bundle").iterdir()}
    files |= {f"runtime/{path.name}": path for path in [*dist.glob("*.wasm"), *dist.glob("*.mjs")]}
    graph = sample_graph(tmp_path)
    for made in (
        tfjs_artifact(graph, tmp_path / "tfjs"),
        onnx_artifact(graph, tmp_path / "onnx"),
        litert_artifact(graph, tmp_path / "litert"),
    ):
        folder = made.directory
        files |= {f"{folder.name}/{path.name}": path for path in folder.iterdir()}
    page = b'<!doctype html><script type="module" src="assets/page.js"></script>'
    with served(Site({"index.html": page, **files})) as address, open_browser([]) as browser:
        opened = browser.new_page()
        opened.goto(address)
        opened.wait_for_function("globalThis.told", timeout=MILLISECONDS)
        assert opened.evaluate("told") == [129 * 129] * 3


def test_its_types_are_those_of_a_strict_project(project):
    (project / "consumer.ts").write_text(CONSUMER)
    options = ["--strict", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler"]
    options += ["--target", "es2022", "--lib", "es2022,dom", "--types", ""]
    compiler = WEB / "node_modules/typescript/bin/tsc"
    command = [NODE, compiler, *options, "consumer.ts"]
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout
    (project / "consumer.ts").write_text(CONSUMER.replace('"webgl"', '"gpu"'))
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert "'\"gpu\"' is not assignable" in answer.stdout
