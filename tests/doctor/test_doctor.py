"""dlconv doctor, on this machine and in environments that are broken for real."""

import json
import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from rich.console import Console
from support.chromium import needs_chromium
from typer.testing import CliRunner

import dlconv.web
from dlconv.cli import app
from dlconv.doctor import libraries, machine, report
from dlconv.doctor.check import Check, Found, run_probe
from dlconv.doctor.examine import EXTRAS, LIBRARIES, examine
from dlconv.doctor.requirements import installed
from dlconv.runtimes.chromium import NAMES, find_chromium

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


@pytest.fixture
def look(tmp_path):
    """Look in a process of its own that finds packages in ``tmp_path`` before all others."""

    def run(expression) -> Found:
        program = (
            "import dataclasses, json; from dlconv.doctor import libraries, machine\n"
            f"print(json.dumps(dataclasses.asdict({expression})))"
        )
        path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
        answer = subprocess.check_output(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path
        )
        return Found(**json.loads(answer))

    return run


def pretend(folder, package, version, requires=()):
    """Put the metadata of a package into a folder of packages."""
    place = folder / f"{package}-{version}.dist-info"
    place.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {package}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    (place / "METADATA").write_text("\n".join(lines) + "\n")


@needs_chromium
@pytest.mark.slow
def test_this_machine_is_sound_and_fits_a_screen():
    reported = []
    checks = examine(lambda *step: reported.append(step))
    assert report.failing(checks) == []
    assert reported[-1][1:] == (len(checks), len(checks))
    found = {each.name: each.found for each in checks}
    assert found["protobuf"] == Found("ok", installed("protobuf"))
    screen = Console(file=StringIO(), width=80)
    for part in report.screen(checks):
        screen.print(part)
    lines = screen.file.getvalue().splitlines()
    assert len(lines) <= 24
    for check in checks:
        (line,) = [line for line in lines if line.startswith(f"{check.name} ")]
        assert line.split(check.found.state)[1].rstrip().endswith(check.purpose)


@pytest.mark.slow
@pytest.mark.skipif(installed("playwright") is None, reason="no Playwright")
def test_what_is_broken_is_named_and_the_exit_code_is_1(tmp_path, monkeypatch):
    pretend(tmp_path, "numpy", "1.0")
    broken = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "DLCONV_CHROMIUM": "no-browser"}
    broken |= {"DLCONV_NODE": "/bin/false", "DLCONV_CACHE": str(tmp_path / "cache")}
    answer = subprocess.run(
        [sys.executable, "-m", "dlconv", "doctor"],
        capture_output=True,
        text=True,
        env={**os.environ, **broken},
    )
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == "broken: numpy, node, chromium"
    assert "numpy: numpy 1.0, dlconv needs numpy>=1.26" in answer.stdout
    assert "chromium: DLCONV_CHROMIUM=no-browser is no program" in answer.stdout


def test_the_command_prints_json_and_fails_with_what_it_found(monkeypatch):
    sound = Check("base", "python", "everything", True, Found("ok", "3.12"))
    lost = Check("runtimes", "node", "TF.js", True, Found("missing", "no Node", "install it"))
    spare = Check("extras", "dask", "verify --dask", False, Found("missing", "distributed"))
    monkeypatch.setattr("dlconv.api.examining.examine", lambda progress: [sound, lost, spare])
    answer = CliRunner().invoke(app, ["doctor", "--json"])
    data = json.loads(answer.stdout)
    assert (answer.exit_code, data["passed"]) == (1, False)
    assert [each["found"]["state"] for each in data["checks"]] == ["ok", "missing", "missing"]
    monkeypatch.setattr("dlconv.api.examining.examine", lambda progress: [sound, spare])
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 0


@pytest.mark.parametrize(
    ("package", "version", "asked"),
    [("numpy", "1.0", "numpy>=1.26"), ("protobuf", "3.20.3", "protobuf>=4.25")],
)
def test_a_wrong_version_is_found_by_what_asks_for_it(look, tmp_path, package, version, asked):
    pretend(tmp_path, package, version)
    found = look(f"libraries.library({package!r}, {LIBRARIES[package][0]!r})")
    assert found.state == "broken"
    assert found.what.startswith(f"{package} {version}, dlconv needs {asked} (and ")
    (remedy,) = re.fullmatch(rf"pip install '{package}(.*)'", found.remedy).groups()
    assert SpecifierSet(remedy).contains(installed(package))
    assert not SpecifierSet(remedy).contains(version)


def test_the_cause_is_to_be_cured_and_not_what_suffers_from_it(look, tmp_path):
    pretend(tmp_path, "numpy", "1.0")
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('numpy 1.0 is too old')")
    found = look("libraries.library('onnxruntime', 'onnxruntime')")
    assert found.state == "broken"
    assert found.remedy.startswith("pip install 'numpy>=")


def test_libraries_of_libraries_count(look, tmp_path):
    pretend(tmp_path, "tenacity", installed("tenacity"), ["absent-package>=3"])
    found = look("libraries.other_libraries([])")
    assert found.state == "missing"
    assert "absent-package is missing, tenacity needs absent-package>=3" in found.what
    assert found.remedy == "pip install 'absent-package>=3'"


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("raise ImportError('built for another numpy')", "built for another numpy"),
        ("import os; os.abort()", "exit code -6"),
    ],
)
def test_a_library_that_cannot_be_imported_is_broken(look, tmp_path, module, reason):
    (tmp_path / "onnxruntime.py").write_text(module)
    found = look("libraries.library('onnxruntime', 'onnxruntime')")
    assert (found.state, reason in found.what) == ("broken", True)
    assert found.remedy == "pip install --force-reinstall onnxruntime"


def test_modules_that_lie_in_the_working_folder_are_not_meant(tmp_path, monkeypatch):
    (tmp_path / "brotli.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)
    assert libraries.library("brotli", "brotli").state == "ok"


def test_setuptools_without_pkg_resources_is_broken(look, tmp_path):
    (tmp_path / "pkg_resources.py").write_text("raise ModuleNotFoundError('pkg_resources')")
    assert look("libraries.pkg_resources()").state == "broken"
    (tmp_path / "pkg_resources.py").write_text("")
    assert look("libraries.pkg_resources()") == Found("ok", installed("setuptools"))


def test_it_knows_all_extras():
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    assert EXTRAS.keys() == extras.keys()


def test_an_extra_that_is_not_installed_is_missing(look, tmp_path):
    pretend(tmp_path, "dlconv", "9", ['absent-package; extra == "sign"'])
    found = look("libraries.extra('sign', 'model_signing')")
    assert found == Found("missing", "absent-package", "pip install 'dlconv[sign]'")


@needs_chromium
def test_chromium_is_started(tmp_path, monkeypatch):
    assert machine.chromium().state == "ok"
    monkeypatch.setenv("DLCONV_CHROMIUM", "/bin/false")
    assert machine.chromium().state == "broken"


@pytest.mark.skipif(installed("playwright") is None, reason="no Playwright")
def test_without_chromium_it_is_missing(tmp_path, monkeypatch):
    for program in ("env", "sh"):
        (tmp_path / program).symlink_to(shutil.which(program))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert find_chromium() is None
    found = machine.chromium()
    assert (found.state, "playwright install" in found.remedy) == ("missing", True)
    assert machine.is_chromium_wanted()
    assert not any(shutil.which(name) for name in NAMES)


def test_a_node_that_is_none_is_broken(monkeypatch):
    assert machine.node().state == "ok"
    monkeypatch.setenv("DLCONV_NODE", "/bin/false")
    assert machine.node().state == "broken"


def test_a_bundle_that_is_not_built_is_missing(tmp_path, monkeypatch):
    assert machine.bundle().state == "ok"
    monkeypatch.setattr(dlconv.web, "DIST", tmp_path)
    assert (machine.bundle().state, machine.bundle().remedy[-8:]) == ("missing", "make web")


def test_a_cache_that_cannot_be_written_is_broken(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "cache"))
    assert machine.cache().state == "ok"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DLCONV_CACHE", str(tmp_path / "file" / "cache"))
    found = machine.cache()
    assert (found.state, "DLCONV_CACHE" in found.remedy) == ("broken", True)


def test_any_error_of_a_look_is_a_finding():
    def fails() -> Found:
        raise ModuleNotFoundError("No module named 'numpy'")

    assert run_probe(fails) == Found("broken", "ModuleNotFoundError: No module named 'numpy'")
