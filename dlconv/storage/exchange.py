"""Two paths exchange what they name, in one step, where the system and its disk can do that.

The standard library has no call for it. Linux has ``renameat2`` and macOS ``renamex_np``, which are
asked for through ``ctypes``; a C library without them, a file system that refuses, and other
systems are told apart from what really goes wrong.
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
    """Let two paths of one disk exchange what they name; return False where that cannot be done.

    Raises OSError for anything else, such as a path that names nothing.
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
