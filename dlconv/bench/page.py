"""What a frame costs in a page: dlconv's engine, an article's page, and MediaPipe, in turns.

    python -m dlconv.bench.page ARTIFACT ... [--image FILE] [--rounds 12] [--json]

Each puts the same frame, a photo as large as a webcam's picture, on magenta, in headless Chromium,
in a page of its own:

- ``engine``: the npm package ``@dlconv/segment``, which the demo page runs, with an artifact on the
  wasm backend
- ``article``: what a page of the first TF.js articles does, on the same artifact and backend; a
  stand-in for such pages, in our own words: it resizes the frame as a tensor, reads the input and
  the labels back twice each while the page waits, and makes the picture in a loop over its pixels
- ``mediapipe``: ``@mediapipe/selfie_segmentation``, a network that knows persons alone and computes
  with WebGL, on the graphics card or, where there is none, in software

All are loaded first, then they take turns: a round is one frame of each, and every round starts
with another one. A frame's time is from the frame in a canvas to the picture in another, with all
of it drawn. Ratios are of medians: an article's page to the engine on the same artifact, MediaPipe
to the engine on the first one.

The JSON is one object: ``schema`` (1), ``photo``, ``frame`` ([height, width]), ``rounds``; and
``results``, a list of ``way``, ``artifact`` (a path, or null), ``runs_on`` (backend and what else
the numbers depend on), ``ms`` (median, min, and all of them), ``kept`` (the share of the pixels
that was kept) and ``ratio`` (or null).
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlconv.sample
from dlconv.artifacts.manifest import MANIFEST_NAME, Artifact, read_artifact
from dlconv.bench.measure import WARM_UP_ROUNDS, all_turns
from dlconv.bench.program import exit_code_of, parser_of
from dlconv.demo.server import served
from dlconv.demo.site import Site
from dlconv.errors import DlconvError, UsageError
from dlconv.runtimes.chromium import open_browser
from dlconv.terminal.console import say
from dlconv.terminal.output import show
from dlconv.terminal.tables import Table
from dlconv.verify.raster import PhotoError, read_rgb
from dlconv.web.build import NODE, WEB

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCHEMA = 1
ENGINE, ARTICLE, MEDIAPIPE = "engine", "article", "mediapipe"
MEDIAPIPE_FOLDER = WEB / "node_modules/@mediapipe/selfie_segmentation"
PHOTO = Path(dlconv.sample.__file__).parent / "photos" / "scene_2000036.png"
LOAD_TIMEOUT_MS = 60_000
HTML = (
    b'<!doctype html><title>bench</title><link rel="icon" href="data:,">'
    b'<script type="module" src="page.js"></script>'
)


@dataclass(frozen=True)
class Contender:
    """A way to remove a background, and the artifact that it runs, if any."""

    way: str
    artifact: Artifact | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        if self.artifact is None:
            return self.way
        return f"{self.way}, {self.artifact.manifest.source.model} {self.artifact.title}"


@dataclass(frozen=True)
class Measured:
    """The measurements of a contender.

    ``runs_on`` is what its page says; ``frames_ms`` are the milliseconds of the frames after the
    warm-up, ``kept`` is the share of the pixels that it kept, 0 to 1.
    """

    contender: Contender
    runs_on: dict[str, Any]
    frames_ms: tuple[float, ...]
    kept: float

    @property
    def median_ms(self) -> float:
        """Median milliseconds per frame."""
        return statistics.median(self.frames_ms)


def contenders(artifacts: Sequence[Artifact], with_mediapipe: bool) -> list[Contender]:
    """Return all contenders; those that run an artifact once for each.

    Raises UsageError for an artifact that is not for TF.js, or whose output is not labels.
    """
    for artifact in artifacts:
        gives_labels = artifact.manifest.interface.output == "labels"
        if artifact.manifest.target != "tfjs" or not gives_labels:
            raise UsageError(f"{artifact.entry} is not a TF.js artifact that gives labels")
    ours = [Contender(way, artifact) for artifact in artifacts for way in (ENGINE, ARTICLE)]
    return [*ours, *([Contender(MEDIAPIPE)] if with_mediapipe else [])]


def measure(everyone: Sequence[Contender], photo: Path, rounds: int) -> list[Measured]:
    """Measure contenders in turns, over ``rounds`` rounds after the warm-up.

    Raises DlconvError when there is no Chromium, when a file is missing, and when one fails.
    """
    with _site(everyone, photo) as site, served(site) as address, open_browser() as browser:
        from playwright.sync_api import Error

        try:
            pages = [browser.new_page() for _ in everyone]
            runs_on = [
                _open(page, address, contender, at)
                for at, (page, contender) in enumerate(zip(pages, everyone, strict=True))
            ]
            times, kept = _take_turns(pages, rounds)
        except Error as error:
            raise DlconvError(f"the bench's page fails: {error.message.splitlines()[0]}") from error
    return [Measured(*each) for each in zip(everyone, runs_on, times, kept, strict=True)]


def _open(page: "Page", address: str, contender: Contender, at: int) -> dict[str, Any]:
    say(f"loading {contender.name}")
    page.set_default_timeout(LOAD_TIMEOUT_MS)
    page.goto(address)
    page.wait_for_function("globalThis.bench")
    opened: dict[str, Any] = page.evaluate(
        "([way, artifact]) => bench.open(way, artifact)",
        [contender.way, f"{address}{_folder(at)}"],
    )
    return opened


def _take_turns(
    pages: Sequence["Page"], rounds: int
) -> tuple[list[tuple[float, ...]], list[float]]:
    times: list[list[float]] = [[] for _ in pages]
    kept = [0.0] * len(pages)
    for number, at in all_turns(len(pages), WARM_UP_ROUNDS + rounds):
        if at == number % len(pages):
            say(f"round {number + 1} of {WARM_UP_ROUNDS + rounds}")
        found = pages[at].evaluate("bench.run()")
        times[at].append(found["milliseconds"])
        kept[at] = found["kept"]
    return [tuple(each[WARM_UP_ROUNDS:]) for each in times], kept


@contextmanager
def _site(everyone: Sequence[Contender], photo: Path) -> Iterator[Site]:
    """Yield the bench's page with its script, which is bundled for it, and what it loads."""
    with tempfile.TemporaryDirectory(prefix="dlconv-bench-") as work:
        bundle = Path(work)
        command = [str(NODE), "bench.mjs", str(bundle)]
        made = subprocess.run(command, cwd=WEB, capture_output=True, text=True)
        if made.returncode:
            raise DlconvError(
                f"the bench's page cannot be bundled: {(made.stderr.splitlines() or [''])[-1]}",
                "it takes a checkout with the npm packages; run: make web",
            )
        files: dict[str, Path | bytes] = {"index.html": HTML, "photo": _readable(photo)}
        files |= {path.name: path for path in bundle.iterdir()}
        if MEDIAPIPE_FOLDER.is_dir():
            files |= {f"mediapipe/{path.name}": path for path in MEDIAPIPE_FOLDER.iterdir()}
        for at, contender in enumerate(everyone):
            files |= _artifact_files(contender.artifact, _folder(at))
        yield Site(files)


def _folder(at: int) -> str:
    return f"artifacts/{at}/"


def _artifact_files(artifact: Artifact | None, folder: str) -> dict[str, Path]:
    if artifact is None:
        return {}
    artifact.check_files()
    names = [MANIFEST_NAME, *(file.path for file in artifact.manifest.files)]
    return {f"{folder}{name}": artifact.directory / name for name in names}


def _readable(photo: Path) -> Path:
    try:
        read_rgb(photo)
    except PhotoError as error:
        raise DlconvError(f"{photo} is not a photo: {error.message}", error.hint) from error
    return photo


def ratio(measured: Measured, everyone: Iterable[Measured]) -> float | None:
    """Return how many times as long as the engine one takes; None for the engine itself."""
    if measured.contender.way == ENGINE:
        return None
    engines = [each for each in everyone if each.contender.way == ENGINE]
    same = [each for each in engines if each.contender.artifact is measured.contender.artifact]
    return measured.median_ms / (same or engines)[0].median_ms


def as_data(everyone: Sequence[Measured], photo: Path, rounds: int) -> dict[str, Any]:
    """Return all numbers, as the module describes them."""
    return {
        "schema": SCHEMA,
        "photo": photo.name,
        "frame": everyone[0].runs_on["frame"],
        "rounds": rounds,
        "results": [
            {
                "way": each.contender.way,
                "artifact": each.contender.artifact and str(each.contender.artifact.entry),
                "runs_on": {key: said for key, said in each.runs_on.items() if key != "frame"},
                "ms": {
                    "median": each.median_ms,
                    "min": min(each.frames_ms),
                    "all": list(each.frames_ms),
                },
                "kept": each.kept,
                "ratio": ratio(each, everyone),
            }
            for each in everyone
        ],
    }


def table(everyone: Sequence[Measured], photo: Path, rounds: int) -> Table:
    """Return a table with a row for each contender; times in milliseconds."""
    height, width = everyone[0].runs_on["frame"]
    title = f"{photo.name} as a frame of {width}x{height}: {rounds} of each, in turns; times in ms"
    made = Table(title, _renderer(everyone), pad_edge=False)
    made.add_column("way")
    made.add_column("artifact", overflow="fold")
    made.add_column("backend")
    for column in ("ms", "least", "ratio", "kept"):
        made.add_column(column, justify="right")
    for each in everyone:
        artifact, share = each.contender.artifact, ratio(each, everyone)
        made.add_row(
            each.contender.way,
            f"{artifact.manifest.source.model} {artifact.title}" if artifact else "its own network",
            _backend(each.runs_on),
            f"{each.median_ms:,.0f}",
            f"{min(each.frames_ms):,.0f}",
            "1" if share is None else f"{share:.2f}x",
            f"{100 * each.kept:.0f} %",
        )
    return made


def _backend(runs_on: dict[str, Any]) -> str:
    threads = runs_on.get("threads")
    counted = f", {threads} thread{'s' if threads != 1 else ''}" if threads else ""
    return f"{runs_on['backend']}{counted}"


def _renderer(everyone: Iterable[Measured]) -> str | None:
    found = (each.runs_on.get("renderer") for each in everyone)
    return next((f"webgl: {renderer}" for renderer in found if renderer), None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    return exit_code_of(_run, _parser(), arguments)


def _run(options: argparse.Namespace) -> None:
    if not MEDIAPIPE_FOLDER.is_dir():
        package = MEDIAPIPE_FOLDER.relative_to(MEDIAPIPE_FOLDER.parents[1])
        say(f"no {package} in node_modules (make web): it is left out")
    artifacts = [read_artifact(path) for path in options.artifacts]
    everyone = contenders(artifacts, MEDIAPIPE_FOLDER.is_dir())
    measured = measure(everyone, options.image, options.rounds)
    if options.json:
        show(as_data(measured, options.image, options.rounds))
    else:
        show(table(measured, options.image, options.rounds))


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "dlconv.bench.page",
        "Measure what a frame costs in a page, beside other ways, in turns.",
        rounds=12,
    )
    parser.add_argument("artifacts", metavar="ARTIFACT", type=Path, nargs="+")
    parser.add_argument("--image", metavar="FILE", type=Path, default=PHOTO)
    return parser


if __name__ == "__main__":
    sys.exit(main())
