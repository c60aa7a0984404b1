"""Publishing to an npm registry that runs here, and the package in a page in Chromium."""

import json
import os
import subprocess

import numpy as np
import pytest
from support.chromium import needs_chromium
from support.publishing import files_below, kill_publish, run_publish
from support.sample import PHOTOS, sample_graph
from support.verdaccio import verdaccio
from support.waiting import MILLISECONDS

from dlconv.demo.server import served
from dlconv.demo.site import Site
from dlconv.errors import DlconvError, UsageError
from dlconv.release.check import check_release
from dlconv.release.document import read_release
from dlconv.release.pack import pack
from dlconv.release.publish.publish import publish
from dlconv.runtimes.chromium import open_browser
from dlconv.verify.photos import find_photos, load_photo
from dlconv.verify.reference import Reference
from dlconv.web.build import NODE, NPM, WEB
from dlconv.web.build import pack as pack_segment

pytestmark = pytest.mark.long

NAME = "@models/sample"
TARGET = f"npm:{NAME}"
PHOTO = PHOTOS / "scene_2000030.png"
PAGE = """<!doctype html>
<script type="importmap">{"imports": {
  "@dlconv/segment": "./node_modules/@dlconv/segment/dist/index.js",
  "@models/sample": "./node_modules/@models/sample/index.js"
}}</script>
<script type="module">
  import { artifacts } from "@models/sample";
  import { loadSegmenter } from "@dlconv/segment";
  const photo = new Image();
  photo.src = "photo.png";
  await photo.decode();
  window.found = {};
  for (const [name, { url }] of Object.entries(artifacts)) {
    const segmenter = await loadSegmenter(url);
    const { labels } = await segmenter.segment(photo);
    window.found[name] = Array.from(labels);
  }
  document.documentElement.title = "done";
</script>
"""
CONSUMER = """
import { artifacts, version } from "@models/sample";
export const first: string = artifacts["tfjs-float32"].url;
export const size: number = artifacts["onnx-float32"].bytes;
export const which: string = version;
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with verdaccio(tmp_path_factory.mktemp("verdaccio")) as (url, token):
        yield url, token


@pytest.fixture
def npm(registry, monkeypatch):
    """The registry's token, in an environment that knows no other registry."""
    url, token = registry
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", url)
    monkeypatch.setenv("NPM_TOKEN", token)
    return token


@pytest.fixture(scope="module")
def project(packed, registry, tmp_path_factory):
    """A folder with the published package and @dlconv/segment installed."""
    url, token = registry
    answer = run_publish(packed, TARGET, NPM_CONFIG_REGISTRY=url, NPM_TOKEN=token, NO_PROXY="*")
    assert answer.returncode == 0, answer.stderr
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    made = pack_segment(folder / "packed")
    install = [NODE, NPM, "install", "--no-audit", "--no-fund", f"--registry={url}", NAME, made]
    environment = {**os.environ, "NO_PROXY": "*"}
    subprocess.run(install, cwd=folder, check=True, capture_output=True, env=environment)
    return folder


def tags_of(name):
    """The tags of a package, and the version that each names."""
    return json.loads(subprocess.check_output([NODE, NPM, "view", name, "dist-tags", "--json"]))


@needs_chromium
def test_a_page_runs_the_artifacts_of_the_installed_package(project, tmp_path):
    files = {
        str(path.relative_to(project)): path
        for path in (project / "node_modules").rglob("*")
        if path.is_file()
    }
    files |= {"index.html": PAGE.encode(), "photo.png": PHOTO}
    with served(Site(files)) as address, open_browser([]) as browser:
        page = browser.new_page()
        troubles = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address)
        page.wait_for_selector("html[title]", state="attached", timeout=MILLISECONDS)
        found = page.evaluate("found")
    assert not troubles
    graph = sample_graph(tmp_path)
    (photo,) = find_photos([PHOTO])
    with Reference(graph.path, graph.source.graph_sha256, tmp_path / "labels") as reference:
        labels = reference.labels(load_photo(photo, None))[0].ravel()
    assert sorted(found) == ["onnx-float32", "tfjs-float32"]
    for name in found:
        assert (np.array(found[name]) == labels).mean() > 0.999, name


def test_the_installed_package_holds_the_release_as_it_was_packed(project, packed):
    installed = project / "node_modules" / NAME
    assert files_below(installed / "release") == files_below(packed)
    assert not check_release(installed / "release")
    assert (installed / "README.md").read_bytes() == (packed / "README.md").read_bytes()
    package = json.loads((installed / "package.json").read_text())
    assert package["version"] == "1.2.0"
    assert package["license"] == "Apache-2.0"
    digest = read_release(packed).content_sha256
    assert package["dlconv"] == {"model": "sample", "content_sha256": digest}


def test_its_types_are_those_of_a_strict_project(project):
    (project / "consumer.ts").write_text(CONSUMER)
    options = ["--strict", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler"]
    options += ["--target", "es2022", "--lib", "es2022,dom", "--types", ""]
    compiler = WEB / "node_modules/typescript/bin/tsc"
    command = [NODE, compiler, *options, "consumer.ts"]
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout
    (project / "consumer.ts").write_text(CONSUMER.replace("onnx-float32", "onnx-uint8"))
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert "'onnx-uint8' does not exist" in answer.stdout


def test_a_version_is_published_once_and_no_other_takes_its_place(packed, other, npm):
    target = "npm:once"
    assert publish(packed, target, dry_run=True).state == "to be published"
    assert publish(packed, target).place == "once@1.2.0"
    assert publish(packed, target).state == "already published"
    with pytest.raises(DlconvError, match=r"once@1\.2\.0 is another release already"):
        publish(other, target)


def test_a_killed_one_leaves_the_last_release(packed, later, npm):
    publish(packed, "npm:killed")
    kill_publish(later, "npm:killed", sent=0)
    assert publish(packed, "npm:killed").state == "already published"
    assert publish(later, "npm:killed").state == "published"


def test_a_preview_does_not_become_the_latest(verified, packed, npm, tmp_path):
    publish(packed, "npm:previewed")
    pack(verified, "2.0.0-rc.1", tmp_path / "preview")
    publish(tmp_path / "preview", "npm:previewed")
    assert tags_of("previewed") == {"latest": "1.2.0", "next": "2.0.0-rc.1"}


def test_an_older_version_does_not_become_the_latest(packed, later, npm):
    publish(later, "npm:patched")
    publish(packed, "npm:patched")
    assert tags_of("patched") == {"latest": "1.3.0", "older": "1.2.0"}


def test_another_model_is_refused(packed, another_model, npm):
    publish(packed, "npm:one-model")
    with pytest.raises(DlconvError, match=r"^npm:one-model is for sample, not for city"):
        publish(another_model, "npm:one-model", dry_run=True)


def test_versions_that_npm_does_not_take(verified, npm, tmp_path):
    pack(verified, "1", tmp_path / "release")
    with pytest.raises(UsageError, match="npm takes no version 1"):
        publish(tmp_path / "release", TARGET)


def test_what_is_logged_and_printed_does_not_show_the_token(packed, npm):
    answer = run_publish(packed, "npm:quiet", "--verbose")
    assert answer.returncode == 0, answer.stderr
    assert "npm publish" in answer.stderr
    assert npm not in answer.stdout + answer.stderr


def test_trouble_is_said_in_one_line(packed, npm, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("NPM_TOKEN", "npm_of-nobody-0123456789")
        with pytest.raises(DlconvError, match="npm publish wrong: .*authenticat"):
            publish(packed, "npm:wrong")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9")
    with pytest.raises(DlconvError, match="ECONNREFUSED 127.0.0.1:9"):
        publish(packed, "npm:nowhere")
