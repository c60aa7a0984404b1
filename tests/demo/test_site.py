import dataclasses
import json
import re
import shutil

import pytest

from dlconv.demo.site import Offer, export, make_site
from dlconv.errors import DlconvError
from dlconv.registry.models import voc_colours


def site_of(*artifacts):
    return make_site([Offer(artifact, voc_colours(256)) for artifact in artifacts])


def listed(site):
    return json.loads(site.files["artifacts.json"])["artifacts"]


def of_runtimes(names):
    """The names of files that not every page has, without the digests in them."""
    found = [name for name in names if re.match(r"(part-)?(tfjs|web\w+_gpu|ort|litert)", name)]
    return {re.sub(r"-[A-Z0-9]{8}\.", ".", name) for name in found}


def test_a_site_has_the_page_and_what_its_artifacts_need(artifacts, litert):
    tfjs, _, onnx = artifacts
    names = set(site_of(tfjs).files)
    assert {"index.html", "page.js", "page.css", "worker.js"} < names
    assert of_runtimes(names) == {
        "tfjs-backend-wasm.wasm",
        "tfjs-backend-wasm-simd.wasm",
        "tfjs-backend-wasm-threaded-simd.wasm",
        "part-tfjs_session.js",
        "part-webgl_gpu.js",
        "part-webgpu_gpu.js",
    }
    at_once = {
        "onnx": {
            "ort-wasm-simd-threaded.mjs",
            "ort-wasm-simd-threaded.wasm",
            "part-ort.wasm.min.js",
            "part-ort_session.js",
        },
        "litert": {
            "litert_wasm_internal.wasm",
            "part-litert_session.js",
            "part-litert_wasm_internal.js",
        },
    }
    later = {
        "onnx": {
            "ort-wasm-simd-threaded.asyncify.mjs",
            "ort-wasm-simd-threaded.asyncify.wasm",
            "part-ort.webgpu.min.js",
        },
        "litert": {"litert_wasm_compat_internal.wasm", "part-litert_wasm_compat_internal.js"},
    }
    for artifact in (onnx, litert):
        site = site_of(artifact)
        target = artifact.manifest.target
        assert of_runtimes(site.first) == at_once[target]
        assert of_runtimes({*site.files} - {*site.first}) == later[target]


def test_every_artifact_is_listed_with_a_folder_of_its_own(artifacts):
    site = site_of(*artifacts, artifacts[0])
    urls = [artifact["url"] for artifact in listed(site)]
    assert len({*urls}) == 4
    for url, artifact in zip(urls, artifacts, strict=False):
        assert site.files[f"{url}manifest.json"] == artifact.manifest_path
        for file in artifact.manifest.files:
            assert site.files[url + file.path] == artifact.directory / file.path
    first = listed(site)[0]
    assert first["bytes"] == artifacts[0].bytes
    assert first["colours"][:2] == [[0, 0, 0], [128, 0, 0]]
    assert first["crop"] == [129, 129]


def test_an_export_is_the_site_s_files_and_replaces_only_an_export(artifacts, tmp_path):
    site = make_site([Offer(artifacts[0], voc_colours(256))], is_kept=True)
    folder = tmp_path / "site"
    for _ in range(2):
        export(site, folder)
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert written == set(site.files)
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) == site.bytes
    for other, name in ((tmp_path / "other", "thesis.txt"), (folder, ".git/config")):
        mine = other / name
        mine.parent.mkdir(parents=True)
        mine.write_text("mine")
        with pytest.raises(DlconvError, match="holds something else"):
            export(site, other)
        assert mine.read_text() == "mine"


def test_a_service_worker_that_nests_deep_is_something_else(artifacts, tmp_path):
    (tmp_path / "service-worker.js").write_text(f"const KEPT = {'[' * 200_000};")
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(DlconvError, match="holds something else"):
        export(site_of(artifacts[0]), tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_folder_that_the_disk_does_not_take_is_said(artifacts, tmp_path):
    with pytest.raises(DlconvError, match="File name too long"):
        export(site_of(artifacts[0]), tmp_path / ("x" * 300))


def test_a_damaged_artifact_makes_no_site(artifacts, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(artifacts[0].directory, folder)
    (folder / "model.json").write_text("{}")
    moved = dataclasses.replace(artifacts[0], manifest_path=folder / "manifest.json")
    with pytest.raises(DlconvError, match="is not the file that was made"):
        site_of(moved)
