import functools
import http.server
import json
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest
from support.artifacts import PLAIN, onnx_artifact, tfjs_artifact
from support.layout_2018 import write_layout_2018
from support.sample import TARBALL

from dlconv.errors import DlconvError
from dlconv.fetch.local import local_model
from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.read import read_network
from dlconv.progress import no_progress


@pytest.fixture
def bring():
    return lambda spec: local_model(str(spec), lambda label: nullcontext(no_progress))


@pytest.fixture
def site(tmp_path):
    """A folder that is served, and its address."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_path_is_itself_and_so_is_that_of_a_file_address(bring, tmp_path):
    for spec in (tmp_path / "graph.pb", (tmp_path / "graph.pb").as_uri()):
        with bring(spec) as path:
            assert path == tmp_path / "graph.pb"


def test_of_a_tarball_the_frozen_graph_is_there_while_it_is_read(bring):
    with bring(TARBALL) as path:
        assert path.name == "frozen_inference_graph.pb"
        assert read_network(path).contract.crop == (129, 129)
    assert not path.exists()
    assert not path.parent.parent.exists()


def test_files_and_those_that_they_name_are_fetched(bring, site, tiny):
    folder, address = site
    tfjs_artifact(tiny, folder / "web", PLAIN)
    onnx_artifact(tiny, folder / "tiny.onnx")
    write_layout_2018(read_graph(tiny.path), folder / "old")
    (folder / "sample.tar.gz").write_bytes(TARBALL.read_bytes())
    formats = {
        "web/model.json?version=2": "TF.js graph model",
        "tiny.onnx": "ONNX",
        "old/tensorflowjs_model.pb": "TF.js graph model of 2018",
        "old/weights_manifest.json": "TF.js graph model of 2018",
        "sample.tar.gz": "frozen graph",
    }
    for name, expected in formats.items():
        with bring(f"{address}/{name}") as path:
            network = read_network(path)
            assert network.format == expected
            assert all(weight.range for weight in network.weights if weight.elements)
        assert not path.exists()


@pytest.mark.parametrize("name", ["gone.onnx", "web/model.json"])
def test_what_is_not_there_is_told_in_one_line(bring, site, tiny, name):
    folder, address = site
    tfjs_artifact(tiny, folder / "web")
    next((folder / "web").glob("*.bin")).unlink()
    with (
        pytest.raises(DlconvError, match="404 File not found") as raised,
        bring(f"{address}/{name}"),
    ):
        pass
    assert raised.value.hint == "check the address"


def test_a_manifest_does_not_lead_elsewhere_nor_ask_for_too_much(bring, site):
    folder, address = site
    huge = {"name": "w", "shape": [1 << 30], "dtype": "float32"}
    manifests = {
        "not a file beside it": [{"paths": ["../secret"], "weights": []}],
        "too much": [{"paths": ["a"], "weights": [huge]}],
        "names 1,001 shards": [{"paths": [str(k) for k in range(1001)], "weights": []}],
        "not a weights manifest": "weights",
    }
    for words, manifest in manifests.items():
        (folder / "model.json").write_text(json.dumps({"weightsManifest": manifest}))
        with pytest.raises(DlconvError, match=words), bring(f"{address}/model.json"):
            pass


def test_shards_that_hold_too_much_end_it(bring, site, tiny):
    folder, address = site
    tfjs_artifact(tiny, folder / "web")
    next((folder / "web").glob("*.bin")).write_bytes(bytes(99))
    with pytest.raises(DlconvError, match="hold more"), bring(f"{address}/web/model.json"):
        pass


def test_a_page_in_place_of_a_model_json_is_refused(bring, site):
    folder, address = site
    (folder / "model.json").write_text("<html>")
    with pytest.raises(DlconvError, match="not the model.json"), bring(f"{address}/model.json"):
        pass


def test_an_address_that_is_none_is_refused(bring):
    for spec in ("http://", "https://host", "file://host/x"):
        with pytest.raises(DlconvError), bring(spec):
            pass
    assert not Path("http:").exists()
