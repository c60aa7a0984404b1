import re

import numpy as np
import pytest
from rich.console import Console
from support.artifacts import PLAIN, tfjs_artifact
from support.graphs import const, graph_def, node, placeholder
from support.sample import sample_graph

from dlconv.formats.read import read_network
from dlconv.inspect.compressed import Sizes
from dlconv.inspect.diff import compare
from dlconv.inspect.inspection import inspect_graph
from dlconv.inspect.network_report import comparison_tables, network_tables


def text_of(tables):
    console = Console(width=140)
    with console.capture() as capture:
        console.print(tables)
    return capture.get()


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """The sample's frozen graph and the uint8 model made of it."""
    folder = tmp_path_factory.mktemp("networks")
    frozen = sample_graph(folder)
    tfjs_artifact(frozen, folder / "web", PLAIN, rewrite=False)
    return read_network(frozen.path), read_network(folder / "web")


def test_a_graph_model_shows_its_files_and_the_stages(networks):
    _, web = networks
    text = text_of(network_tables(web, inspect_graph(web.graph)))
    for words in ("model.json, group1-shard1of1.bin", "backbone", "the largest 20 of 276"):
        assert words in text
    assert re.search(r"uint8 +276 +139,235 +139,235", text)
    assert text.count("SemanticPredictions:0") == 1


def test_a_network_without_a_contract_shows_what_is_not_known(tmp_path):
    graph = graph_def(
        placeholder("image", np.float32, (1, None)),
        const("[bold]", np.ones(3), np.float32),
        node("boxes", "Mul", "image", "[bold]", T=np.float32),
        node("scores", "Add", "image", "[bold]", T=np.float32),
    )
    (tmp_path / "detector.pb").write_bytes(graph.SerializeToString())
    text = text_of(network_tables(read_network(tmp_path / "detector.pb"), None))
    assert "has 2 outputs" in text
    assert re.search(r"\[bold\] +\[3\] +float32 +12 +1 +1", text)


def test_a_comparison_shows_what_became_of_the_weights(networks):
    found = compare(*networks, (Sizes(100, 80, 60), Sizes(25, 20, 18)))
    text = text_of(comparison_tables(found))
    assert re.search(r"weights stored as +276 float32 +276 uint8", text)
    assert re.search(r"rounded: .* \d+ +\d+,\d+ +9\d\.\d+%", text)
    assert re.search(r"rounded +float32 > uint8 +\d", text)
    assert re.search(r"brotli +60 +18 +30.0%", text)


def test_of_equal_networks_the_sizes_remain(networks):
    frozen, _ = networks
    text = text_of(comparison_tables(compare(frozen, frozen, (Sizes(3, 2, 1), Sizes(3, 2, 1)))))
    assert text.startswith("no difference in contract, ops or weights")
    assert "rounded" not in text
    assert "gzip" in text
