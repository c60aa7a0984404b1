import subprocess

import pytest

from dlconv.web.build import NODE, NPM, pack


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A folder with the npm package @dlconv/segment installed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    made = pack(folder / "packed")
    install = [NODE, NPM, "install", "--offline", "--no-audit", "--no-fund", made]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    return folder
