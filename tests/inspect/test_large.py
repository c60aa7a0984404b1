"""A graph as large as the largest of the zoo, inspected by a process of its own."""

import json
import subprocess
import sys

import pytest

from dlconv.bench import launcher
from dlconv.bench.large_graph import write_large_graph


@pytest.mark.slow
def test_a_large_graph_takes_at_most_three_times_its_size_in_memory(tmp_path):
    path = tmp_path / "xception.pb"
    write_large_graph(path, scale=1)
    size = path.stat().st_size
    assert size > 160e6
    inspect = [sys.executable, "-m", "dlconv", "inspect", str(path), "--json"]
    call = [sys.executable, "-I", "-S", launcher.__file__, str(tmp_path / "log"), *inspect]
    took = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    found = json.loads((tmp_path / "log").read_text())
    assert found["summary"]["weight_bytes"] > 160e6
    assert took["peak_bytes"] <= 3 * size
