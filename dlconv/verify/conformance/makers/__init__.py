"""The makers of cases, one file a kind of operation. Importing this registers them."""

from importlib import import_module
from pkgutil import iter_modules

for kind in iter_modules(__path__):
    import_module(f"{__name__}.{kind.name}")
