"""What the lock files pin."""

import re
from pathlib import Path

RUN = Path(__file__).parents[2] / "locks/run.txt"


def pins_of(package: str) -> list[str]:
    """The versions of a package that are installed, on one Python or another."""
    return re.findall(rf"^{package}==([^ ]+)", RUN.read_text(encoding="utf-8"), re.MULTILINE)
