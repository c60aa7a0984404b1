from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing

import pytest

from dlconv.runtimes.litert import BACKENDS
from dlconv.verify.conformance.runners import PythonRunner


@pytest.fixture(scope="package")
def litert() -> Iterator[Mapping[str, PythonRunner]]:
    """LiteRT with XNNPACK and without, each in a process that a kernel may end."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(closing(PythonRunner(name))) for name in BACKENDS}
