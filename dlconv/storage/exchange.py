"""Swapping two files or folders in one step, where the system and its file system can do that.

The standard library has no call for it. Linux has ``renameat2`` and macOS ``renamex_np``, which are
called through ``ctypes``. A system, C library or file system that does not support it is no error.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

HERE = -100
EXCHANGE = 2
CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)


def exchange(first: Path, second: Path) -> bool:
    """Swap the files or folders at two paths of one disk; return False if that is not supported.

    Raises OSError for any other failure, such as a missing file.
    """
    error = _ask_system(os.fsencode(first), os.fsencode(second))
    if error in CANNOT:
        return False
    if error:
        raise OSError(error, os.strerror(error), str(second))
    return True


def _ask_system(first: bytes, second: bytes) -> int:
    """Return 0, or the number of the error."""
    if sys.platform not in ("linux", "darwin"):
        return errno.ENOSYS
    library = ctypes.CDLL(None, use_errno=True)
    try:
        if sys.platform == "linux":
            failed = library.renameat2(HERE, first, HERE, second, EXCHANGE)
        else:
            failed = library.renamex_np(first, second, EXCHANGE)
    except AttributeError:
        return errno.ENOSYS
    return ctypes.get_errno() if failed else 0
