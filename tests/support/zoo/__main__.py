"""``make zoo``: measure all networks of the zoo, and write docs/zoo.md.

One network after another, each in a process of its own. Results are kept in ``.cache/zoo``; what
was measured with the very code that is here is not measured again, so that an interrupted run goes
on. Names of networks on the command line restrict it to those, ``--again`` measures anew.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support.zoo.measure import RECIPES
from support.zoo.page import table_of, with_table
from support.zoo.rows import ROWS

ROOT = Path(__file__).parents[3]
KEPT = ROOT / ".cache" / "zoo"
PAGE = ROOT / "docs" / "zoo.md"
CODE = (ROOT / "dlconv", Path(__file__).parent)
MINUTES = 15


def main() -> None:
    names, again = [each for each in sys.argv[1:] if each != "--again"], "--again" in sys.argv
    KEPT.mkdir(parents=True, exist_ok=True)
    code = _digest()
    results = {}
    for index, row in enumerate(ROWS, 1):
        kept = KEPT / f"{row.name}.json"
        found = _read(kept)
        wanted = not names or row.name in names
        if wanted and (again or found.get("code") != code or not found.get("is_whole")):
            print(f"{index} of {len(ROWS)}: {row.name} ...", flush=True)
            found = _measured(row.name, kept, code)
            wrong = [step for step, came in found["steps"].items() if not came["ok"]]
            print(f"  {found['seconds']:.0f} s; not as it should be: {', '.join(wrong) or 'none'}")
        if found:
            results[row.name] = found["steps"]
            PAGE.write_text(with_table(PAGE.read_text(), table_of(results, list(RECIPES))))


def _measured(name: str, kept: Path, code: str) -> Mapping:
    """Measure a network in a child process, and keep the result with the code it was made by."""
    kept.unlink(missing_ok=True)
    command = [sys.executable, "-m", "support.zoo.measure", name, str(kept)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES)
        died = done.stderr.strip().splitlines()[-1:] if done.returncode else []
        ended = f"the process ended with {done.returncode}: {''.join(died)}"
        failed = bool(done.returncode)
    except subprocess.TimeoutExpired:
        failed, ended = True, f"stopped after {MINUTES} minutes"
    found = {"steps": {}, "seconds": 0, **_read(kept), "code": code, "is_whole": True}
    if failed:
        found["steps"]["process"] = {"ok": False, "word": "dies", "reason": ended}
    kept.write_text(json.dumps(found, indent=1))
    return found


def _read(path: Path) -> dict:
    return json.loads(path.read_text()) if path.is_file() else {}


def _digest() -> str:
    """Return the digest of the code that results depend on."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in CODE for path in folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
