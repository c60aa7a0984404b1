"""Rules of the source tree that nothing else would notice."""

import re
import subprocess
import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_room_inspect_does_not_hide_the_standard_library():
    for folder in (ROOT / "dlconv" / "inspect", ROOT / "inspect"):
        assert folder.is_dir()
        assert not (folder / "__init__.py").exists()
    command = [sys.executable, "-c", "import inspect; inspect.Parameter"]
    subprocess.run(command, cwd=ROOT, check=True)
    subprocess.run([sys.executable, "-m", "json.tool", "--help"], cwd=ROOT, check=True)


def test_every_folder_with_code_is_a_package_of_the_wheel():
    with (ROOT / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "dlconv").rglob("*.py")}
    folders = {folder for folder in folders if "node_modules" not in folder.parts}
    assert sorted(listed) == sorted(".".join(folder.parts) for folder in folders)


@pytest.mark.parametrize(
    "name",
    [
        "locks/action.txt",
        "locks/dev.txt",
        "locks/peer.txt",
        "locks/run.txt",
        "locks/uv.txt",
        "dlconv/web/package-lock.json",
        "tests/release/publish/verdaccio/package-lock.json",
    ],
)
def test_lock_files_hold_hashes_and_no_registry_addresses(name):
    text = (ROOT / name).read_text()
    assert "--index-url" not in text
    assert "--find-links" not in text
    assert '"resolved"' not in text
    assert text.count("sha256:") + text.count("sha512-") > 15
    for line in text.splitlines():
        assert "://" not in line or name.endswith(".json"), line


def test_rooms_import_one_way():
    allowed = {
        "inspect": {"errors", "files", "sealed", "serving", "markdown", "printable", "tables"}
        | {"inspect"},
        "models": {"addresses", "errors", "files", "disk", "tensorflow", "models", "inspect"}
        | {"printable", "tables"},
        "artifacts": {"addresses", "errors", "files", "inspect", "printable", "artifacts"},
        "web": {"errors", "web"},
        "demo": {"errors", "files", "serving", "artifacts", "web", "verify", "demo"},
        "convert": {"errors", "files", "disk", "tensorflow", "compare"}
        | {"inspect", "artifacts", "web", "tables", "convert"},
        "verify": {"errors", "files", "disk", "sealed", "logs", "tensorflow", "compare", "markdown"}
        | {"inspect", "artifacts", "web", "printable", "tables", "verify"},
        "release": {"addresses", "errors", "files", "disk", "logs", "compare", "markdown"}
        | {"inspect", "artifacts", "verify", "models", "web", "printable", "tables", "release"},
        "build": {"errors", "files", "disk", "sealed", "console", "logs", "pipeline"}
        | {"printable", "tables"}
        | {"artifacts", "convert", "inspect", "models", "release", "verify", "build"},
        "bench": {"errors", "files", "artifacts", "verify", "bench", "inspect", "convert"}
        | {"console", "output", "tables", "demo", "web"},
        "doctor": {"errors", "models", "web", "verify", "printable", "tables", "doctor"},
    }
    for room, rooms in allowed.items():
        for path in (ROOT / "dlconv" / room).rglob("*.py"):
            for line in path.read_text().splitlines():
                words = line.split()
                if words[:1] == ["from"] and words[1].startswith("dlconv."):
                    assert words[1].split(".")[1] in rooms, f"{path}: {line}"


def test_names_reach_a_terminal_by_one_way():
    """Who prints, or makes a table, does so with what makes names harmless."""
    ways = {"console.py", "output.py", "tables.py", "markdown.py", "progress.py", "train.py"}
    odd = re.compile(
        r"\btyper\.echo\(|(?<![\w\"'. ])print\(|^\s+print\(|rich\.markup|"
        r"from rich\.(table|console) import .*\b(Table|Group)\b|from rich import .*\b(box|table)\b"
    )
    allowed = {"cli/app.py": 1, "bench/launcher.py": 1}
    for path in (ROOT / "dlconv").rglob("*.py"):
        if path.name in ways or "node_modules" in path.parts:
            continue
        found = [line for line in path.read_text().splitlines() if odd.search(line)]
        count = allowed.get(path.relative_to(ROOT / "dlconv").as_posix(), 0)
        assert len(found) == count, f"{path}: {found}"
