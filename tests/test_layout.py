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
        "inspect": "errors files inspect markdown parsing printable sealed serving tables",
        "models": "addresses disk errors files inspect locked models printable tables tensorflow",
        "artifacts": "addresses artifacts errors files inspect printable",
        "web": "errors web",
        "demo": "artifacts demo disk errors files parsing serving verify web",
        "convert": "artifacts compare convert disk errors files inspect tables tensorflow web",
        "verify": "artifacts compare disk errors files inspect logs markdown printable sealed "
        "tables tensorflow verify web",
        "release": "addresses artifacts compare disk errors files inspect locked logs markdown "
        "models parsing printable release tables verify web",
        "build": "artifacts build console convert disk errors files inspect logs models pipeline "
        "printable release sealed tables verify",
        "bench": "artifacts bench console convert demo errors files inspect output tables verify "
        "web",
        "doctor": "doctor errors models printable tables verify web",
    }
    for room, rooms in allowed.items():
        for path in (ROOT / "dlconv" / room).rglob("*.py"):
            for line in path.read_text().splitlines():
                words = line.split()
                if words[:1] == ["from"] and words[1].startswith("dlconv."):
                    assert words[1].split(".")[1] in rooms.split(), f"{path}: {line}"


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
