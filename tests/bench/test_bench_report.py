import dataclasses
import json

import pytest
from rich.console import Console
from support.artifacts import PLAIN, tfjs_artifact
from support.graphs import tiny_segmenter

from dlconv.artifacts.manifest import read_artifact, write_manifest
from dlconv.bench.benchmark import Benchmark, Row, benchmark
from dlconv.bench.measure import Measurement
from dlconv.bench.report import as_json, short_names, table
from dlconv.inspect.compressed import Sizes
from dlconv.verify.photos import find_photos


@pytest.fixture
def artifacts(tiny, tmp_path):
    return [
        tfjs_artifact(tiny, tmp_path / "tiny" / "tfjs-float32"),
        tfjs_artifact(tiny, tmp_path / "tiny" / "tfjs-uint8", PLAIN),
    ]


@pytest.fixture
def bench(artifacts):
    fast = Measurement(
        artifacts[0], "tfjs-node", "wasm", {"threads": "1"}, ((384, 513),), 90, 700,
        (600.0, 640.0, 700.0), 150_000_000,
    )  # fmt: skip
    slow = dataclasses.replace(
        fast, artifact=artifacts[1], frames_ms=(3000.0, 3200.0, 4000.0), peak_bytes=None
    )
    rows = (Row(fast, Sizes(2_000_000, 900_000, 800_000)), Row(slow, Sizes(9, 8, 7)))
    return Benchmark(rows, artifacts[1], 3, 1, ("a.jpg",))


def test_the_ratio_says_how_many_times_faster(bench):
    assert [bench.speedup(row) for row in bench.rows] == [5, 1]
    alone = dataclasses.replace(bench, against=None)
    assert alone.speedup(bench.rows[0]) is None


def test_json_has_all_numbers(bench):
    content = json.loads(as_json(bench))
    assert content["schema"] == 1
    assert (content["rounds"], content["threads"]) == (3, 1)
    assert content["photos"] == ["a.jpg"]
    assert content["against"].endswith("tfjs-uint8/model.json")
    fast, slow = content["results"]
    assert fast["artifact"].endswith("tfjs-float32/model.json")
    assert (fast["model"], fast["target"], fast["precision"]) == ("tiny", "tfjs", "float32")
    assert fast["converter"] == "dlconv"
    assert len(fast["graph_sha256"]) == 64
    assert fast["runtime"] == {"name": "tfjs-node", "backend": "wasm", "threads": "1"}
    assert fast["frames"] == [[384, 513]]
    assert fast["ms"] == {
        "median": 640, "min": 600, "q1": 620, "q3": 670, "iqr": 50, "all": [600, 640, 700],
    }  # fmt: skip
    assert (fast["load_ms"], fast["first_ms"], fast["peak_bytes"]) == (90, 700, 150_000_000)
    assert fast["bytes"] == {"raw": 2_000_000, "gzip": 900_000, "brotli": 800_000}
    assert (fast["speedup"], slow["speedup"], slow["peak_bytes"]) == (5, 1, None)


def test_json_without_a_comparison_has_nulls(bench):
    content = json.loads(as_json(dataclasses.replace(bench, against=None)))
    assert content["against"] is None
    assert [row["speedup"] for row in content["results"]] == [None, None]


def printed(bench):
    console = Console(width=160, record=True)
    console.print(table(bench))
    return console.export_text()


def test_the_table_has_a_row_for_each_artifact(bench):
    text = printed(bench)
    for words in (
        "tfjs-float32",
        "tiny: 3 frames of each, in turns",
        "384x513",
        "640",
        "5.00x",
        "150 MB",
        "2.00 MB",
        "900 kB",
    ):
        assert words in text
    assert "faster" not in printed(dataclasses.replace(bench, against=None))
    left_out = dataclasses.replace(bench, rows=bench.rows[:1], rounds=1)
    assert "faster" not in printed(left_out)
    assert "tiny: 1 frame of each" in printed(left_out)


def test_rows_are_compared_in_their_own_runtime_if_both_ran_there(bench):
    fast, slow = bench.rows

    def elsewhere(row, backend, factor):
        times = tuple(ms * factor for ms in row.measurement.frames_ms)
        changes = {"backend": backend, "frames_ms": times, "versions": {}}
        return Row(dataclasses.replace(row.measurement, **changes), row.sizes)

    rows = (*bench.rows, elsewhere(fast, "cpu", 10), elsewhere(slow, "cpu", 4))
    both = dataclasses.replace(bench, rows=rows)
    assert [both.baseline(row) for row in rows] == [rows[1], rows[1], rows[3], rows[3]]
    assert [both.speedup(row) for row in rows] == [5, 1, 2, 1]
    alone = dataclasses.replace(bench, rows=(*bench.rows, elsewhere(fast, "cpu", 10)))
    assert [alone.speedup(row) for row in alone.rows] == [5, 1, 0.5]
    lines = [line.split() for line in printed(both).splitlines() if "tfjs-node" in line]
    assert [line[:3] for line in lines][1:3] == [
        ["tfjs-uint8", "tfjs-node", "wasm"],
        ["tfjs-float32", "tfjs-node", "cpu"],
    ]
    assert [line[-1] for line in lines] == ["5.00x", "1", "2.00x", "1"]
    assert [line[3:5] for line in lines[1:3]] == [["1", "384x513"], ["384x513", "6,400"]]


def test_names_are_as_long_as_it_takes_to_tell_them_apart(artifacts, tiny, tmp_path):
    assert short_names(artifacts) == ["tfjs-float32", "tfjs-uint8"]
    other = tfjs_artifact(tiny, tmp_path / "old" / "tiny" / "tfjs-uint8", PLAIN)
    assert short_names([*artifacts, other]) == [
        "tfjs-float32",
        f"{tmp_path.name}/tiny/tfjs-uint8",
        "old/tiny/tfjs-uint8",
    ]


def test_names_of_several_models_begin_with_the_folder_above(artifacts, frozen_on_disk, tmp_path):
    graph = frozen_on_disk(tiny_segmenter(), "other")
    other = tfjs_artifact(graph, tmp_path / "other" / "tfjs-float32")
    names = short_names([*artifacts, other])
    assert names == ["tiny/tfjs-float32", "tiny/tfjs-uint8", "other/tfjs-float32"]


def test_the_artifact_to_compare_with_is_measured_once_in_the_same_run(artifacts, tmp_path):
    from PIL import Image

    Image.new("RGB", (4, 3)).save(tmp_path / "photo.png")
    photos = find_photos([tmp_path])
    said = []
    cache = tmp_path / "cache"
    found = benchmark(artifacts[:1], artifacts[1], photos, 2, 1, cache, say=said.append)
    assert [row.measurement.artifact for row in found.rows] == artifacts
    assert found.baseline(found.rows[0]) is found.rows[1]
    assert found.photos == ("photo.png",)
    assert said[0] == "starting 2 artifacts in 1 runtime"
    assert "8 of 8 frames" in said
    again = benchmark(artifacts, artifacts[1], photos, 1, 2, cache)
    assert len(again.rows) == 2
    assert again.threads == 2


def test_an_onnx_file_of_its_own_name_keeps_it(onnx_artifact, artifacts):
    file = onnx_artifact.entry.rename(onnx_artifact.directory / "net.onnx")
    write_manifest(onnx_artifact.manifest, file.parent, onnx_artifact.manifest_path)
    named = read_artifact(onnx_artifact.manifest_path)
    assert short_names([named, *artifacts])[0] == "net.onnx"
