"""The ops that tf2onnx converts, found without importing it.

tf2onnx registers its handlers with a decorator, ``tf_op``, on classes whose methods ``version_N``
convert an op from opset N on. Importing them imports TensorFlow, which takes seconds and hundreds
of megabytes, so the table is read from the source of the installed tf2onnx. Ops without a handler
may still convert as parts of a pattern, say a loop, that one of tf2onnx's rewriters replaces.
Handlers for TFLite and for operators that are not ONNX's own do not count.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dlconv.errors import DlconvError

# tf2onnx's own tables end here.
NEWEST = 18


def convertible_operations(opset: int) -> frozenset[str]:
    """Return the TensorFlow ops that the installed tf2onnx has a handler for at an opset.

    Raises DlconvError when tf2onnx is not installed.
    """
    return frozenset(op for op, oldest in _handlers() if oldest <= opset)


def operations_in_patterns() -> frozenset[str]:
    """Return what tf2onnx's rewriters name: the ops of their patterns, and other words."""
    sources = (path.read_text(encoding="utf-8") for path in _modules("rewriter"))
    return frozenset(word for source in sources for word in re.findall(r"[\"'](\w+)[\"']", source))


def may_convert(op: str) -> bool:
    """Tell whether tf2onnx knows an op, alone or in a pattern; False where it is not installed."""
    return op in _words_of_tf2onnx()


@cache
def _words_of_tf2onnx() -> frozenset[str]:
    if find_spec("tf2onnx") is None:
        return frozenset()
    return convertible_operations(NEWEST) | operations_in_patterns()


def _handlers() -> Iterator[tuple[str, int]]:
    """Yield the ops that tf2onnx's classes handle, with the oldest opset that each needs."""
    versions: dict[str, set[int]] = {}
    for module, handler in _classes():
        bases = [ast.unparse(base) for base in handler.bases]
        full_names = [base if "." in base else f"{module}.{base}" for base in bases]
        inherited = (versions.get(name, set()) for name in full_names)
        found = versions[f"{module}.{handler.name}"] = _versions(handler).union(*inherited)
        if found:
            yield from ((op, min(found)) for op in _ops(handler))


def _classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield the classes of the modules with handlers; ``common``, with bases for all, is first."""
    for path in _modules("onnx_opset"):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.ClassDef):
                yield path.stem, statement


def _modules(package: str) -> list[Path]:
    found = find_spec("tf2onnx")
    if found is None or found.origin is None:
        raise DlconvError("tf2onnx is not installed", "pip install tf2onnx")
    return sorted((Path(found.origin).parent / package).glob("*.py"))


def _versions(handler: ast.ClassDef) -> set[int]:
    names = [item.name for item in handler.body if isinstance(item, ast.FunctionDef)]
    return {int(name.removeprefix("version_")) for name in names if name.startswith("version_")}


def _ops(handler: ast.ClassDef) -> Iterator[str]:
    for decorator in handler.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "tf_op":
            names = ast.literal_eval(decorator.args[0])
            yield from [names] if isinstance(names, str) else names
