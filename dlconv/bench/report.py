"""The bench's results as a table for people and as JSON for scripts.

The JSON is one object::

    schema       1
    rounds       how many frames of each artifact count
    threads      how many each was to work with, but those in Node.js
    photos       file names, in the order in which the rounds go through them again and again
    against      path of the artifact the others are compared with, or null
    results      one object for each artifact and runtime, in the order measured:
      artifact     path of its model.json or ONNX file
      model, target, precision, converter, graph_sha256    as its manifest has them
      runtime      name, backend, and what the numbers depend on: versions, and in most threads
      frames       [height, width] of its input, padding included, each size once
      ms           milliseconds per frame: median, min, q1, q3, iqr, and all of them as measured
      load_ms      from starting the process or browser to its being ready, median of several
      first_ms     the first frame
      peak_bytes   most memory its process had resident, or the sum over a browser's processes, what
                   they share counted in each; null where the system does not tell
      bytes        raw, gzip (level 9) and brotli (quality 11; 9 above 32 MiB), summed over files
      speedup      median of ``against`` / its own median: how many times faster; or null. Of
                   ``against`` in the same runtime, or else in the first it was measured in
"""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from dlconv.artifacts.manifest import Artifact
from dlconv.bench.benchmark import Benchmark, Row
from dlconv.bench.measure import Measurement
from dlconv.terminal.tables import Table
from dlconv.verify.reports.text import megabytes

SCHEMA = 1
STANDARD_ENTRIES = frozenset({"model.json", "model.onnx"})


def as_json(bench: Benchmark) -> str:
    """Return all numbers as JSON, as the module describes them."""
    return json.dumps(as_data(bench), indent=2)


def as_data(bench: Benchmark) -> dict[str, Any]:
    """Return all numbers as plain data."""
    against = bench.against and str(bench.against.entry)
    return {
        "schema": SCHEMA,
        "rounds": bench.rounds,
        "threads": bench.threads,
        "photos": list(bench.photos),
        "against": against,
        "results": [_result(bench, row) for row in bench.rows],
    }


def _result(bench: Benchmark, row: Row) -> dict[str, Any]:
    measured = row.measurement
    manifest = measured.artifact.manifest
    first, third = measured.quartiles_ms
    return {
        "artifact": str(measured.artifact.entry),
        "model": manifest.source.model,
        "target": manifest.target,
        "precision": manifest.precision,
        "converter": manifest.converter,
        "graph_sha256": manifest.source.graph_sha256,
        "runtime": {"name": measured.runtime, "backend": measured.backend, **measured.versions},
        "frames": [list(frame) for frame in measured.frames],
        "ms": {
            "median": measured.median_ms,
            "min": measured.min_ms,
            "q1": first,
            "q3": third,
            "iqr": measured.iqr_ms,
            "all": list(measured.frames_ms),
        },
        "load_ms": measured.load_ms,
        "first_ms": measured.first_ms,
        "peak_bytes": measured.peak_bytes,
        "bytes": dataclasses.asdict(row.sizes),
        "speedup": bench.speedup(row),
    }


def table(bench: Benchmark) -> RenderableType:
    """Return a table with a row for each artifact and runtime; times in milliseconds."""
    made = Table(pad_edge=False, title=_title(bench))
    made.add_column("artifact", overflow="fold")
    made.add_column("runtime")
    made.add_column("threads", justify="right")
    made.add_column("frame")
    for column in ("ms", "least", "spread", "load", "first", "memory", "raw", "gzip", "brotli"):
        made.add_column(column, justify="right")
    if any(map(bench.baseline, bench.rows)):
        made.add_column("faster", justify="right")
    found = [row.measurement.artifact for row in bench.rows]
    artifacts = {artifact.manifest_path: artifact for artifact in found}
    labels = dict(zip(artifacts, short_names([*artifacts.values()]), strict=True))
    for row in bench.rows:
        label = labels[row.measurement.artifact.manifest_path]
        made.add_row(label, *_cells(row), *_comparison(bench, row))
    return made


def _title(bench: Benchmark) -> str:
    models = {row.measurement.artifact.manifest.source.model: None for row in bench.rows}
    frames = f"{bench.rounds} frame{'s' if bench.rounds > 1 else ''} of each, in turns"
    return f"{', '.join(models)}: {frames}; times in ms"


def _cells(row: Row) -> list[str]:
    measured, sizes = row.measurement, row.sizes
    times = (measured.median_ms, measured.min_ms, measured.iqr_ms)
    return [
        measured.place,
        measured.versions.get("threads", ""),
        _frame(measured),
        *map(_milliseconds, (*times, measured.load_ms, measured.first_ms)),
        "" if measured.peak_bytes is None else f"{measured.peak_bytes / 1e6:,.0f} MB",
        *map(megabytes, (sizes.raw, sizes.gzip, sizes.brotli)),
    ]


def _milliseconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def _frame(measured: Measurement) -> str:
    height, width = measured.frames[0]
    others = f" (+{len(measured.frames) - 1})" if len(measured.frames) > 1 else ""
    return f"{height}x{width}{others}"


def _comparison(bench: Benchmark, row: Row) -> list[str]:
    speedup = bench.speedup(row)
    if speedup is None:
        return []
    return ["1" if row is bench.baseline(row) else f"{speedup:.2f}x"]


def short_names(artifacts: Sequence[Artifact]) -> list[str]:
    """Return the end of each artifact's path, as long as it takes to tell it from the others.

    With artifacts of several models, the folder above is part of each name.
    """
    paths = [_place(artifact).parts for artifact in artifacts]
    models = {artifact.manifest.source.model for artifact in artifacts}
    least = 1 if len(models) == 1 else 2
    return ["/".join(_end(path, paths, least)) for path in paths]


def _end(path: tuple[str, ...], paths: Sequence[tuple[str, ...]], least: int) -> tuple[str, ...]:
    for count in range(least, len(path)):
        end = path[-count:]
        if sum(other[-count:] == end for other in paths) == 1:
            return end
    return path


def _place(artifact: Artifact) -> Path:
    entry = artifact.entry.absolute()
    return entry.parent if entry.name in STANDARD_ENTRIES else entry
