"""Builds the JavaScript bundle into the package, so that no wheel goes out without it."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

WEB = Path(__file__).parent / "dlconv" / "web"


class BuildWithBundle(build_py):
    """build_py with a fresh bundle; an editable install keeps the one it has."""

    def run(self) -> None:
        """Build the bundle, then the package."""
        if not (self.editable_mode and (WEB / "dist").is_dir()):
            runpy.run_path(str(WEB / "build.py"), run_name="__main__")
        super().run()


setup(cmdclass={"build_py": BuildWithBundle})
