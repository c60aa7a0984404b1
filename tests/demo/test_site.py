import dataclasses
import json
import shutil

import pytest

from dlconv.demo.site import Offer, export, make_site
from dlconv.errors import DlconvError
from dlconv.registry.models import voc_colours


def site_of(*artifacts):
    return make_site([Offer(artifact, voc_colours(256)) for artifact in artifacts])


def listed(site):
    return json.loads(site.files["artifacts.json"])["artifacts"]


def test_a_site_has_the_page_and_what_its_artifacts_need(artifacts):
    tfjs, _, onnx = artifacts
    names = set(site_of(tfjs).files)
    assert {"index.html", "page.js", "page.css", "worker.js"} < names
    assert "tfjs-backend-wasm-simd.wasm" in names
    assert not [name for name in names if name.startswith("ort-")]
    site = site_of(onnx)
    names = set(site.files)
    assert {"ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.asyncify.wasm"} < names
    assert not [name for name in names if name.startswith("tfjs-")]
    assert set(names) - set(site.first) == {
        "ort-wasm-simd-threaded.asyncify.mjs",
        "ort-wasm-simd-threaded.asyncify.wasm",
    }


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
