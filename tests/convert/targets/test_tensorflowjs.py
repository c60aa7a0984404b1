"""Our TF.js writer held against the official converter, which has an environment of its own."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.artifacts import PLAIN, entries_of, tfjs_artifact, weights_of
from support.peer import PEER, needs_peer

from dlconv.convert.stored import WeightType, store
from dlconv.errors import DlconvError, UsageError
from dlconv.recipe import Precision, precision_for
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime

PHOTO = np.random.default_rng(5).integers(0, 256, (1, 7, 9, 3), np.uint8)

STORE_WITH_TENSORFLOWJS = """
import json, sys
import numpy as np
from tensorflowjs.quantization import quantize_weights
arrays = np.load(sys.argv[1])
for name in arrays:
    for dtype in (np.uint8, np.uint16, np.float16):
        codes, affine = quantize_weights(arrays[name], dtype)
        affine = {key: float(value) for key, value in affine.items()}
        print(json.dumps([name, np.dtype(dtype).name, codes.ravel().tolist(), affine]))
"""


def test_without_tensorflowjs_the_error_says_how_to_get_it(tiny, tmp_path):
    with pytest.raises(DlconvError, match=r"pip install 'dlconv\[tensorflowjs\]'"):
        tfjs_artifact(tiny, tmp_path / "out", converter="tensorflowjs")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("precision", "per_channel"), [(Precision.AUTO, False), (Precision.UINT8, True)]
)
def test_what_the_official_converter_cannot_quantize_to_is_wrong_usage(
    tiny, tmp_path, precision, per_channel
):
    with pytest.raises(UsageError, match="uint8, uint16 or float16 only, per tensor"):
        tfjs_artifact(
            tiny,
            tmp_path / "out",
            precision,
            per_channel=per_channel,
            converter="tensorflowjs",
        )
    assert not (tmp_path / "out").exists()


@needs_peer
def test_equal_weights_get_the_same_codes_scales_and_minima(tmp_path):
    rng = np.random.default_rng(11)
    arrays = {
        "normal": rng.normal(size=(3, 3, 8, 4)),
        "positive": rng.uniform(0.5, 3, 200),
        "negative": rng.uniform(-9, -2, 200),
        "from_zero": np.linspace(0, 1, 77),
        "one_value": np.full(5, 1.25),
        "scalar": np.array(-3.5),
        "outlier": np.append(rng.normal(size=500) * 1e-3, 40),
        "huge": rng.normal(size=50) * 1e4,
    }
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez(tmp_path / "arrays.npz", **arrays)
    answer = subprocess.run(
        [PEER / "bin/python", "-c", STORE_WITH_TENSORFLOWJS, tmp_path / "arrays.npz"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(rows) == 3 * len(arrays)
    for name, precision, codes, affine in rows:
        ours = store(arrays[name], WeightType(precision))
        assert ours.codes.ravel().tolist() == codes, (name, precision)
        assert (ours.minimum, ours.scale) == (affine.get("min"), affine.get("scale"))


def convert_in_peer(graph: Path, directory: Path, quantize: str) -> None:
    subprocess.run(
        [PEER / "bin/dlconv", "tfjs", graph, "-o", directory, "--quantize", quantize]
        + ["--converter", "tensorflowjs"],
        check=True,
        capture_output=True,
    )


@needs_peer
@pytest.mark.parametrize("quantize", ["0", "1", "plain1", "2", "f16"])
def test_a_graph_that_needs_no_rewriting_comes_out_equal(tiny, tmp_path, quantize):
    convert_in_peer(tiny.path, tmp_path / "theirs", quantize)
    ours_at = PLAIN if quantize == "1" else precision_for(quantize, "tfjs")
    tfjs_artifact(tiny, tmp_path / "ours", ours_at)

    entries = entries_of(tmp_path / "theirs")
    (kernel,) = [name for name, entry in entries.items() if entry["shape"] == [1, 1, 3, 3]]
    assert {**entries_of(tmp_path / "ours")["weights"], "name": kernel} == entries[kernel]
    theirs, ours = weights_of(tmp_path / "theirs")[kernel], weights_of(tmp_path / "ours")["weights"]
    assert ours.codes.tobytes() == theirs.codes.tobytes()

    labels = []
    for name in ("theirs", "ours"):
        with TfjsNodeRuntime(tmp_path / name) as runtime:
            labels.append(runtime.infer(PHOTO).labels.tolist())
    assert labels[0] == labels[1]
