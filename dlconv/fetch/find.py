"""Finding the model that somebody names: by a name, a path, an address, or not at all.

A name is one of the registry's, whose graph the cache holds once it is fetched. Without one it is
the model that was fetched last.
"""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dlconv.addresses import shown
from dlconv.artifacts.frozen import FrozenGraph, model_name
from dlconv.artifacts.manifest import Source
from dlconv.cache import store
from dlconv.errors import DlconvError
from dlconv.fetch.local import is_address, is_tarball, local_model
from dlconv.formats.frozen_graph import check_graph_file
from dlconv.formats.read import find_entry, is_frozen_graph, is_named_as_file
from dlconv.registry.models import Registry
from dlconv.storage.files import digest_of


def find_frozen_graph(spec: str | None, registry: Registry) -> FrozenGraph:
    """Find the frozen graph that ``spec``, a model's name or a path, stands for.

    None stands for the model fetched last. Raises DlconvError when it is not there.
    """
    if spec is None:
        return _last_fetched(registry)
    if is_address(spec):
        raise DlconvError(
            f"{shown(spec)} is an address, and a model's name or a path is needed",
            "download it first, or give it a name in a registry file, and fetch that; inspect "
            "takes addresses",
            code="address",
        )
    if _is_path(spec):
        return _from_path(Path(spec))
    fetched = store.graph_for(spec)
    if fetched is not None:
        return _of_model(fetched, registry)
    if spec not in registry.models and Path(spec).is_dir():
        return _from_path(Path(spec))
    name = registry.find(spec).name
    run = shlex.join(["dlconv", "fetch", name])
    raise DlconvError(f"{name} has not been fetched yet", f"run: {run}")


def _last_fetched(registry: Registry) -> FrozenGraph:
    fetched = store.last_fetched()
    if fetched is None:
        raise DlconvError("no model has been fetched yet", "run: dlconv fetch")
    return _of_model(fetched, registry)


def _is_path(spec: str) -> bool:
    return spec.endswith(".pb") or "/" in spec or Path(spec).is_file()


def _from_path(path: Path) -> FrozenGraph:
    if not path.exists():
        raise DlconvError(f"there is no frozen graph at {path}")
    check_graph_file(path)
    # Only ".." is resolved, and not links, whose own names count.
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100
    named_after = folder if path.stem == "frozen_inference_graph" else path
    name = model_name(named_after.stem or path.stem)
    try:
        source = Source(name, path.stat().st_size, digest_of(path))
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    return FrozenGraph(path, source)


def _of_model(fetched: store.FetchedModel, registry: Registry) -> FrozenGraph:
    known = registry.models.get(fetched.name)
    source = Source(
        model=fetched.name,
        graph_bytes=fetched.graph.size,
        graph_sha256=fetched.graph.sha256,
        url=fetched.url,
        tarball_bytes=fetched.tarball.size,
        tarball_sha256=fetched.tarball.sha256,
    )
    return FrozenGraph(fetched.graph_path, source, known.dataset.classes if known else ())


@dataclass(frozen=True)
class Subject:
    """A model of any format: its name as given, its file, and the frozen graph if it is one."""

    origin: str
    entry: Path
    frozen: FrozenGraph | None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.origin if self.frozen is None else self.frozen.source.model


@contextmanager
def find_subject(spec: str | None, registry: Registry) -> Iterator[Subject]:
    """Yield the model that ``spec``, a name, a path or an address, stands for.

    Files that had to be fetched or unpacked are removed afterwards. Raises DlconvError when there
    is no such model.
    """
    if spec is None or not _names_files(spec, registry):
        frozen = find_frozen_graph(spec, registry)
        yield Subject(str(frozen.path), frozen.path, frozen)
        return
    with local_model(spec) as path:
        entry = path if is_frozen_graph(path) else find_entry(path)
        yield Subject(shown(spec), entry, _from_path(entry) if is_frozen_graph(entry) else None)


def _names_files(spec: str, registry: Registry) -> bool:
    if is_address(spec) or _is_path(spec) or is_named_as_file(spec) or is_tarball(Path(spec)):
        return True
    return Path(spec).is_dir() and spec not in registry.models
