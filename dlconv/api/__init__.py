"""The public face of dlconv: one function for each use case.

>>> from dlconv import api
>>> api.fetch("sample").name
'sample'

All of them take paths and plain values and return frozen dataclasses. Failures that the caller can
act on raise ``DlconvError``: one line, a hint, a code for programs, and data. Names are loaded when
they are first used, so that importing this module is quick and does not import TensorFlow.

The names in ``__all__`` are stable (docs/api.md says what that means); everything else in dlconv is
private and may change with any version.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlconv.api.benching import bench
    from dlconv.api.building import build, init, make_again, preview
    from dlconv.api.converting import convert, rewrite, upgrade
    from dlconv.api.demoing import demo, export
    from dlconv.api.examining import doctor, schema
    from dlconv.api.fetching import DEFAULT_MODEL, fetch, models
    from dlconv.api.finding import find, opened
    from dlconv.api.inspecting import compare, inspect, overlay, write_event
    from dlconv.api.publishing import publish, shipments
    from dlconv.api.releasing import card, check, pack, sign
    from dlconv.api.verifying import bisect, photos, verify
    from dlconv.errors import DlconvError, UsageError
    from dlconv.floors import Floors
    from dlconv.graph.contract import Ends, Setting
    from dlconv.plan.tasks import Access
    from dlconv.recipe import Interface, Precision, Recipe
    from dlconv.release.signing import Keyless, PrivateKey
    from dlconv.release.trust import Certificates, Identity, PublicKey
    from dlconv.verify.floors import GivenFloors

_MODULES = {
    "dlconv.api.benching": ("bench",),
    "dlconv.api.building": ("build", "init", "make_again", "preview"),
    "dlconv.api.converting": ("convert", "rewrite", "upgrade"),
    "dlconv.api.demoing": ("demo", "export"),
    "dlconv.api.examining": ("doctor", "schema"),
    "dlconv.api.fetching": ("DEFAULT_MODEL", "fetch", "models"),
    "dlconv.api.finding": ("find", "opened"),
    "dlconv.api.inspecting": ("compare", "inspect", "overlay", "write_event"),
    "dlconv.api.publishing": ("publish", "shipments"),
    "dlconv.api.releasing": ("card", "check", "pack", "sign"),
    "dlconv.api.verifying": ("bisect", "photos", "verify"),
    "dlconv.errors": ("DlconvError", "UsageError"),
    "dlconv.floors": ("Floors",),
    "dlconv.graph.contract": ("Ends", "Setting"),
    "dlconv.plan.tasks": ("Access",),
    "dlconv.recipe": ("Interface", "Precision", "Recipe"),
    "dlconv.release.signing": ("Keyless", "PrivateKey"),
    "dlconv.release.trust": ("Certificates", "Identity", "PublicKey"),
    "dlconv.verify.floors": ("GivenFloors",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "DEFAULT_MODEL",
    "Access",
    "Certificates",
    "DlconvError",
    "Ends",
    "Floors",
    "GivenFloors",
    "Identity",
    "Interface",
    "Keyless",
    "Precision",
    "PrivateKey",
    "PublicKey",
    "Recipe",
    "Setting",
    "UsageError",
    "bench",
    "bisect",
    "build",
    "card",
    "check",
    "compare",
    "convert",
    "demo",
    "doctor",
    "export",
    "fetch",
    "find",
    "init",
    "inspect",
    "make_again",
    "models",
    "opened",
    "overlay",
    "pack",
    "photos",
    "preview",
    "publish",
    "rewrite",
    "schema",
    "shipments",
    "sign",
    "upgrade",
    "verify",
    "write_event",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
