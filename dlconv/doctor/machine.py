"""Looks at what is not Python: Node.js and the bundle for it, Chromium, the cache."""

import os
import shutil
import subprocess
import tempfile

from dlconv.doctor.check import Found
from dlconv.doctor.requirements import installed
from dlconv.errors import DlconvError

BUNDLED = (
    "tfjs-node.cjs",
    "tfjs-page.js",
    "tfjs_operations.json",
    "tfjs-backend-wasm-simd.wasm",
    "ort-node.mjs",
    "ort-page.js",
    "ort-wasm-simd-threaded.wasm",
    "litert-page.js",
    "litert_wasm_threaded_internal.wasm",
    "demo/index.html",
)
# What the largest network of the zoo takes, with its tarball.
NEEDED_BYTES = 10**9


def node() -> Found:
    """Look for a Node.js that starts."""
    from dlconv.runtimes.node import find_node

    try:
        path = find_node()
    except DlconvError as error:
        return Found("broken" if os.environ.get("DLCONV_NODE") else "missing", *_said(error))
    command = [str(path), "-p", "process.versions.node"]
    version = subprocess.check_output(command, text=True, timeout=20).strip()
    return Found("ok", f"{version}, {path}")


def bundle() -> Found:
    """Check whether the JavaScript that runs in Node.js and in browsers is built."""
    from dlconv.web import bundled

    try:
        for name in BUNDLED:
            bundled(name)
    except DlconvError as error:
        return Found("missing", *_said(error))
    return Found("ok", "built")


def is_chromium_wanted() -> bool:
    """Return whether a browser is expected: one is named, or the extra is installed."""
    return bool(os.environ.get("DLCONV_CHROMIUM")) or installed("playwright") is not None


def chromium() -> Found:
    """Look for a Chromium that starts."""
    from dlconv.runtimes.chromium import find_chromium, open_browser

    try:
        path = find_chromium()
        with open_browser() as browser:
            return Found("ok", f"{browser.version}, {path or 'Playwright'}")
    except DlconvError as error:
        is_there = bool(os.environ.get("DLCONV_CHROMIUM")) or find_chromium() is not None
        is_broken = is_there and installed("playwright") is not None
        return Found("broken" if is_broken else "missing", *_said(error))


def cache() -> Found:
    """Check whether the cache can be written, and whether there is room on its disk."""
    from dlconv.cache.store import cache_root

    root = cache_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"dlconv")
    except OSError as error:
        remedy = "name a folder that can be written in DLCONV_CACHE"
        return Found("broken", f"{root}: {error.strerror}", remedy)
    free = shutil.disk_usage(root).free
    what = f"{root}, {free / 1e9:.1f} GB free"
    if free < NEEDED_BYTES:
        return Found("broken", what, "make room, 1 GB or more, or name another in DLCONV_CACHE")
    return Found("ok", what)


def _said(error: DlconvError) -> tuple[str, str]:
    return error.message, error.hint
