"""The lowerings of all operations, one file a kind. Importing this registers them."""

from importlib import import_module
from pkgutil import iter_modules

for kind in iter_modules(__path__):
    import_module(f"{__name__}.{kind.name}")
