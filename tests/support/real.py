"""The real networks of ../shared, as models of a registry of their own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.shared import ZOO

TARBALLS = {
    "real_mnv2": "deeplabv3_mnv2_pascal_train_aug_2018_01_29.tar.gz",
    "real_mnv2_dm05": "deeplabv3_mnv2_dm05_pascal_trainaug_2018_10_01.tar.gz",
}


def write_registry(path: Path) -> Path:
    """Write a registry file whose entries carry the digests of the mirror's tarballs."""
    lines = (ZOO / "SHA256SUMS").read_text().splitlines()
    digests = {name: digest for digest, name in (line.split() for line in lines)}
    entries = []
    for name, tarball in TARBALLS.items():
        root = tarball.partition("_2018")[0]
        entries.append(
            f"[models.{name}]\n"
            f'url = "http://download.tensorflow.org/models/{tarball}"\n'
            f'tarball_digests = {{ sha256 = "{digests[f"models/{tarball}"]}" }}\n'
            f'graph_digests = {{ sha256 = "{digests[f"{root}/frozen_inference_graph.pb"]}" }}\n'
            'dataset = "voc"\ncrop = [513, 513]\nlicence = "Apache-2.0"\n'
        )
    path.write_text("\n".join(entries))
    return path


def caller(work: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Return what runs a command of dlconv in a folder, with a cache and the registry there."""
    environment = {
        **os.environ,
        "DLCONV_CACHE": str(work / "cache"),
        "DLCONV_REGISTRY": str(write_registry(work / "registry.toml")),
    }

    def call(*arguments, python=sys.executable):
        return subprocess.run(
            [python, "-m", "dlconv", *map(str, arguments)],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
        )

    return call


def fetched(work: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Return the same, with both networks in the cache."""
    call = caller(work)
    for model in TARBALLS:
        answer = call("fetch", model, "--mirror", ZOO.as_uri())
        assert answer.returncode == 0, answer.stderr
    return call
