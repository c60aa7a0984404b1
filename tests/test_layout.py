"""Rules of the source tree that nothing else would notice."""

import ast
import re
import subprocess
import sys
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


@pytest.mark.parametrize(
    "name",
    [
        "locks/action.txt",
        "locks/dev.txt",
        "locks/peer.txt",
        "locks/readers.txt",
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


def test_only_the_command_line_knows_options():
    """Errors have codes, by which dlconv.cli.words names the option that helps."""
    rooms = ("cli", "bench", "sample", "web")
    # What writes command lines for people, and tables that say where the rest is.
    allowed = {
        "doctor/examine.py",
        "inspect/network_report.py",
        "inspect/report.py",
        "recipe.py",
        "release/card.py",
        "release/report.py",
    }
    # Alone in its string, an option is a word of a command line that is run.
    option = re.compile(r"[^\w]--[a-z][a-z-]+|^--[a-z][a-z-]+ ")
    for path in (ROOT / "dlconv").rglob("*.py"):
        place = path.relative_to(ROOT / "dlconv")
        if place.parts[0] in rooms or place.as_posix() in allowed:
            continue
        tree = ast.parse(path.read_text())
        documents = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = option.search(node.value) and id(node) not in documents
                assert not found or "pip install" in node.value, f"{place}: {node.value}"
