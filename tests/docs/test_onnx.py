"""The page on readers of ONNX files: its code runs, in the environment that has them."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
from support.artifacts import onnx_artifact
from support.readers import PYTHON, needs_readers
from support.sample import PHOTOS, sample_graph, sample_photos

from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"


@needs_readers
def test_what_the_page_shows_gives_the_labels_of_onnx_runtime(tmp_path):
    entry = onnx_artifact(sample_graph(tmp_path / "graph"), tmp_path / "model.onnx").entry
    shutil.copy(min(PHOTOS.glob("*.png")), tmp_path / "photo.png")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    kept = "import numpy\nnumpy.savez('labels.npz', labels, same_labels)\n"
    code = "\n".join([*blocks, kept])
    subprocess.run([PYTHON, "-c", code], cwd=tmp_path, check=True)
    with OnnxruntimeRuntime(entry) as runtime:
        expected = runtime.infer(sample_photos()[0]).labels
    with np.load(tmp_path / "labels.npz") as found:
        for labels in found.values():
            np.testing.assert_array_equal(labels, expected)
