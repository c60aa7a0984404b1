import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from support.artifacts import tfjs_artifact
from typer.testing import CliRunner

from dlconv.cli import app


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(app, ["bench", *map(str, arguments)])

    return run


@pytest.fixture
def artifact(tiny, tmp_path):
    return tfjs_artifact(tiny, tmp_path / "artifacts" / "tiny" / "tfjs-float32")


@pytest.fixture
def photo(tmp_path):
    Image.new("RGB", (9, 7), "red").save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_all_artifacts_are_measured_against_one_and_tensorflow_stays_out(
    artifact, onnx_artifact, photo, tmp_path
):
    program = (
        "import sys; from dlconv.cli import app; app(sys.argv[1:], standalone_mode=False); "
        "print('TENSORFLOW', 'tensorflow' in sys.modules, file=sys.stderr)"
    )
    options = ("--images", photo, "--rounds", 1, "--against", onnx_artifact.directory)
    arguments = ("bench", *options, "--json", "--report", "report.json")
    answer = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    content = json.loads(answer.stdout)
    assert json.loads((tmp_path / "report.json").read_text()) == content
    assert [row["target"] for row in content["results"]] == ["tfjs", "onnx"]
    assert content["against"] == str(onnx_artifact.entry)
    assert answer.stderr.splitlines()[0] == "starting 2 artifacts in 2 runtimes"
    assert answer.stderr.splitlines()[-1] == "TENSORFLOW False"


def test_the_table_is_printed(call, artifact, photo):
    answer = call("--images", photo, "--rounds", 2)
    assert answer.exit_code == 0, answer.output
    assert "tfjs-float32" in answer.stdout
    assert "7x9" in answer.stdout


def test_each_artifact_is_measured_in_the_runtimes_that_are_chosen(call, artifact, photo):
    chosen = ("--runtime", "tfjs-node:cpu", "--runtime", "tfjs-node", "--runtime", "onnxruntime")
    answer = call("--images", photo, "--rounds", 1, *chosen, "--json")
    assert answer.exit_code == 0, answer.output
    rows = json.loads(answer.stdout)["results"]
    assert [row["runtime"]["backend"] for row in rows] == ["cpu", "wasm"]
    assert {row["artifact"] for row in rows} == {
        str(Path("artifacts/tiny/tfjs-float32/model.json"))
    }


def test_a_runtime_that_is_missing_is_an_error_or_left_out(call, artifact, photo, monkeypatch):
    monkeypatch.setenv("DLCONV_CHROMIUM", "/no/such/browser")
    chosen = ("--runtime", "tfjs-node", "--runtime", "tfjs-chromium")
    answer = call("--images", photo, "--rounds", 1, *chosen)
    assert answer.exit_code == 1
    assert "DLCONV_CHROMIUM=/no/such/browser is no program" in answer.stderr.splitlines()[-1]
    answer = call("--images", photo, "--rounds", 1, *chosen, "--skip-missing")
    assert answer.exit_code == 0, answer.output
    assert "skipped: DLCONV_CHROMIUM=/no/such/browser is no program" in answer.stderr
    assert "tfjs-node" in answer.stdout
    assert "tfjs-chromium" not in answer.stdout


def test_errors_are_one_line(call, artifact, photo):
    cases = {
        ("--images", photo, "--against", "gone"): (1, "there is no artifact at gone"),
        ("gone", "--images", photo): (1, "there is no artifact at gone"),
        (): (1, "there are no photos"),
        ("--images", photo, "--rounds", "0"): (2, "--rounds"),
        ("--images", photo, "--runtime", "gone"): (2, "there is no runtime 'gone'"),
        ("--images", photo, "--runtime", "ort-web"): (2, "none of the chosen runtimes runs tfjs"),
    }
    for arguments, (exit_code, words) in cases.items():
        answer = call(*arguments)
        assert answer.exit_code == exit_code
        assert words in answer.stderr
        assert exit_code == 2 or answer.stderr.count("\n") == 1


def test_an_artifact_that_cannot_run_is_named(call, artifact, photo):
    content = json.loads(artifact.entry.read_text())
    content["weightsManifest"][0]["paths"] = ["gone.bin"]
    artifact.entry.write_text(json.dumps(content))
    answer = call("--images", photo)
    assert answer.exit_code == 1
    assert str(Path("tiny", "tfjs-float32", "model.json")) in answer.stderr.splitlines()[-1]
