"""Projects to build: a folder with a dlconv.toml, a tiny graph and photos."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from support.graphs import tiny_segmenter

from dlconv.plan.config import read_config
from dlconv.plan.steps import plan
from dlconv.plan.tasks import Access
from dlconv.registry.models import load_registry

TINY = '[models.tiny]\ngraph = "tiny.pb"\nphotos = ["photos"]\n'
TFJS = f'{TINY}targets = ["tfjs"]\n'


class Project:
    """A folder, what its dlconv.toml says, and ``dlconv build`` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tiny.pb").write_bytes(tiny_segmenter().SerializeToString(deterministic=True))
        (folder / "photos").mkdir()
        for seed in range(2):
            pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "photos" / f"{seed}.png")

    def says(self, text: str) -> "Project":
        (self.folder / "dlconv.toml").write_text(text)
        return self

    @property
    def steps(self):
        return self.steps_with(None)

    def steps_with(self, registry):
        """What is planned where this file adds to the registry."""
        config = read_config(self.folder / "dlconv.toml")
        return plan(config, load_registry(registry), Access(registry))

    def command(self, *options):
        return [sys.executable, "-m", "dlconv", "build", *options]

    def build(self, *options, **environment):
        return subprocess.run(
            self.command(*options),
            cwd=self.folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )

    def results(self, *options, **environment):
        """What became of each step, by its name."""
        answer = self.build("--json", *options, **environment)
        assert answer.stdout, answer.stderr
        rows = json.loads(answer.stdout)
        parts = [(row["model"], row["artifact"], row["step"]) for row in rows]
        names = ["/".join(filter(None, each)) for each in parts]
        return dict(zip(names, [row["result"] for row in rows], strict=True))

    @property
    def files_made(self):
        """The files of artifacts, by their paths, and their bytes."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.glob("artifacts/*/*/*"))
            if path.is_file() and ".build" not in path.parts
        }
