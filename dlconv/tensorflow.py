"""Importing TensorFlow: once, when it is needed, and without its chatter.

TensorFlow takes seconds and hundreds of megabytes to import, and greets with lines about CUDA and
oneDNN that its own switches do not silence. Every room gets it from here, inside the function that
runs it. What it prints during the import is hidden, unless the import fails.

Its modules make over a quarter of a million objects that live to the end. The garbage collector
goes through them again and again while they are made and once more at exit, a third of what an
import costs; so it pauses meanwhile, and then leaves them out (``gc.freeze``).
"""

import gc
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dlconv.errors import DlconvError

_verbose = False


def show_chatter() -> None:
    """Let TensorFlow and its libraries print; call it before the first import."""
    global _verbose
    _verbose = True


def load_tensorflow() -> Any:
    """Import TensorFlow and return the module. Raises DlconvError when it cannot be imported."""
    if _verbose:
        import tensorflow

        return tensorflow
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", module=r"(tensorflow|keras|tf2onnx|tensorflowjs)\b.*")
    with quiet_standard_error(), _uncollected():
        try:
            import tensorflow
        except ImportError as error:
            raise DlconvError(
                f"TensorFlow cannot be imported: {error}",
                "pip install --force-reinstall tensorflow",
            ) from error
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from what the block makes, unless TensorFlow is there already."""
    if "tensorflow" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def quiet_standard_error() -> Iterator[None]:
    """Hide what native code writes to standard error, unless the block raises."""
    if _verbose:
        yield
        return
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as kept_back:
        os.dup2(kept_back.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(original, 2)
            kept_back.seek(0)
            os.write(2, kept_back.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)
