"""Skips tests where there is no browser."""

import pytest

from dlconv.verify.runtimes.chromium import find_chromium

needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium in this system")
