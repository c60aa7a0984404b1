"""Functions registered by the TensorFlow ops that they are for."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def registers(table: dict[str, Any], ops: Iterable[str]) -> Callable[[Function], Function]:
    """Return a decorator that puts a function into a table for each op; an op has one at most."""

    def register(function: Function) -> Function:
        for op in ops:
            assert op not in table, op
            table[op] = function
        return function

    return register
