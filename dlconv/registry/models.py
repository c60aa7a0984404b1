"""The registry: every model that dlconv knows by name.

The package's own entries are data in ``registry.toml``. A second file may add entries or override
them, each as a whole: an overriding entry inherits nothing, least of all a digest, from the one it
replaces. Reading a registry touches neither the network nor the cache.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.registry.entries import Colour, Dataset, Figure, Model, voc_colours
from dlconv.registry.toml import read_registry_file

__all__ = [
    "DEFAULT_MODEL",
    "Colour",
    "Dataset",
    "Figure",
    "Model",
    "Registry",
    "load_registry",
    "voc_colours",
]

DEFAULT_MODEL = "mobilenetv2_coco_voc_trainaug"
OWN_FILE = Path(__file__).with_name("registry.toml")


@dataclass(frozen=True)
class Registry:
    """Models and datasets by name."""

    models: Mapping[str, Model]
    datasets: Mapping[str, Dataset]

    def find(self, name: str) -> Model:
        """Return the model of a name.

        Raises DlconvError with the nearest names for one that is not known.
        """
        if name in self.models:
            return self.models[name]
        near = difflib.get_close_matches(name, self.models, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(self.models)}"
        raise DlconvError(f"no model is called {name!r}", hint)


def load_registry(extra: Path | None = None) -> Registry:
    """Return the package's registry, with the entries of ``extra`` added or put in place.

    Raises DlconvError if a file cannot be read or an entry is malformed.
    """
    datasets, models = read_registry_file(OWN_FILE, {})
    if extra is None:
        return Registry(models, datasets)
    extra_datasets, extra_models = read_registry_file(extra, datasets)
    return Registry({**models, **extra_models}, {**datasets, **extra_datasets})
