from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest
from support.lowering import BACKENDS

from dlconv.runtimes.tfjs_graphs import TfjsGraphs, tfjs_graphs


@pytest.fixture(scope="package")
def runners() -> Iterator[Mapping[str, TfjsGraphs]]:
    """Backends of TF.js that run graphs one after another."""
    with ExitStack() as stack:
        yield {backend: stack.enter_context(tfjs_graphs(backend)) for backend in BACKENDS}
