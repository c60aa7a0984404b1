"""LiteRT files of one network by several converters: labels, time, bytes, cost of conversion.

    python -m dlconv.bench.litert GRAPH|MODEL --images DIR [--calibrate N|DIR] [--seeds 1]
        [--input-size 257] [--rounds 1] [--conversions 3] [--onnx2tf PROGRAM] [--json]

``litert_converters`` has the rows, and ``litert_rows`` measures them: what a conversion costs, and
how its file labels photos in LiteRT on one thread, beside the frozen graph in TensorFlow at the
same size.

Photos that integers are calibrated on are none of those that labels are compared on: N (16, or half
of fewer than 32) of --images are chosen by chance, or those of a folder are taken. With --seeds,
dlconv's integers are made again for other choices of the N, and for nothing else; the table then
has the median and the least of each figure.

The JSON is one object: ``schema`` (1), ``graph``, ``input_size`` ([height, width]), ``photos`` (how
many are judged), ``calibrated`` (on how many), ``rounds``, ``conversions``; ``rows``, a list of
``converter``, ``form``, ``labels`` (mean, worst, miou, and miou_of_large, over the classes with a
thousandth of the pixels), ``ms``, ``ratio`` (to dlconv's float32), ``bytes``, ``seconds`` and
``peak_bytes`` (medians), and their shares of TensorFlow's converter on the same form,
``seconds_ratio`` and ``peak_ratio`` (null where nothing was converted); ``seeds``, a list of
``seed``, ``labels`` and ``bytes``; and ``failed``, a list of ``name`` and ``message``.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.bench.labelling import Labelled
from dlconv.bench.litert_rows import (
    Asked,
    Found,
    Row,
    Seed,
    cost_ratios,
    measure,
    time_ratio,
)
from dlconv.bench.program import exit_code_of, parser_of, positive
from dlconv.bench.split import Parts, split, without
from dlconv.convert.interface import prepared
from dlconv.convert.quantize.images import ENOUGH_PHOTOS
from dlconv.errors import UsageError
from dlconv.fetch.find import find_frozen_graph
from dlconv.recipe import parse_size
from dlconv.registry.models import load_registry
from dlconv.terminal.console import say
from dlconv.terminal.output import show
from dlconv.terminal.tables import Table
from dlconv.verify.photos import Photo, find_photos

SCHEMA = 1


def as_data(asked: Asked, found: Found) -> dict[str, Any]:
    """Return all numbers, as the module describes them."""
    calibration, judged = asked.parts[0]
    return {
        "schema": SCHEMA,
        "graph": asked.frozen.source.model,
        "input_size": [*asked.size],
        "photos": len(judged),
        "calibrated": len(calibration),
        "rounds": asked.rounds,
        "conversions": asked.conversions,
        "rows": [_row_data(row, found) for row in found.rows],
        "seeds": [
            {"seed": each.number, "labels": _labels(each.labelled), "bytes": each.bytes}
            for each in found.seeds
        ],
        "failed": [{"name": each.name, "message": each.message} for each in found.failed],
    }


def _row_data(row: Row, found: Found) -> dict[str, Any]:
    seconds, peak = cost_ratios(row, found)
    return {
        "converter": row.way.converter,
        "form": row.way.form,
        "labels": _labels(row.labelled),
        "ms": row.labelled.ms,
        "ratio": time_ratio(row, found),
        "bytes": row.bytes,
        "seconds": row.cost and row.cost.seconds,
        "peak_bytes": row.cost and row.cost.peak_bytes,
        "seconds_ratio": seconds,
        "peak_ratio": peak,
    }


def _labels(labelled: Labelled) -> dict[str, float]:
    names = ("mean", "worst", "miou", "miou_of_large")
    return {name: getattr(labelled, name) for name in names}


def tables(asked: Asked, found: Found) -> Iterator[Table]:
    """Yield a table with a row for each file, and one with a row for each seed."""
    calibration, judged = asked.parts[0]
    size = "x".join(map(str, asked.size))
    title = (
        f"{asked.frozen.source.model} at {size}: {len(judged)} photos, calibrated on "
        f"{len(calibration)} others"
    )
    table = Table(title, pad_edge=False)
    table.add_column("converter")
    table.add_column("form")
    for column in ("labels", "worst", "mIoU", "large", "ms", "ratio", "bytes"):
        table.add_column(column, justify="right")
    for column in ("seconds", "memory", "time", "peak"):
        table.add_column(column, justify="right")
    for row in found.rows:
        table.add_row(
            row.way.converter,
            row.way.form,
            *_label_cells(row.labelled),
            f"{row.labelled.ms:.1f}",
            f"{time_ratio(row, found):.2f}",
            f"{row.bytes:,}",
            *_cost_cells(row, found),
        )
    yield table
    if found.seeds:
        yield _seed_table(found.seeds)


def _label_cells(labelled: Labelled) -> list[str]:
    mean, worst, *ious = _labels(labelled).values()
    return [f"{mean:.6f}", f"{worst:.6f}", *(f"{each:.3f}" for each in ious)]


def _cost_cells(row: Row, found: Found) -> list[str]:
    if row.cost is None:
        return [""] * 4
    ratios = ["" if each is None else f"{each:.2f}" for each in cost_ratios(row, found)]
    return [f"{row.cost.seconds:.1f}", f"{row.cost.peak_bytes / 1e6:,.0f} MB", *ratios]


def _seed_table(seeds: Sequence[Seed]) -> Table:
    table = Table("dlconv, static: calibrated on other photos", pad_edge=False)
    for column in ("seed", "labels", "worst", "mIoU", "large", "bytes"):
        table.add_column(column, justify="right")
    for each in seeds:
        table.add_row(str(each.number), *_label_cells(each.labelled), f"{each.bytes:,}")
    figures = [[*_labels(each.labelled).values()] for each in seeds]
    for name, of in (("median", statistics.median), ("least", min)):
        mean, worst, *ious = (of(each) for each in zip(*figures, strict=True))
        table.add_row(name, f"{mean:.6f}", f"{worst:.6f}", *(f"{each:.3f}" for each in ious), "")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    return exit_code_of(_run_program, _parser(), arguments)


def _run_program(options: argparse.Namespace) -> None:
    asked = _asked(options)
    if asked.onnx2tf is None:
        say("onnx2tf is left out: --onnx2tf names its program, in an environment of its own")
    found = measure(asked)
    if options.json:
        show(as_data(asked, found))
    else:
        show(*tables(asked, found))


def _asked(options: argparse.Namespace) -> Asked:
    frozen = find_frozen_graph(options.graph, load_registry(None))
    size = parse_size(options.input_size) if options.input_size else _crop(frozen)
    photos = find_photos(options.images)
    return Asked(
        frozen,
        size,
        tuple(_parts(photos, options.calibrate, options.seeds)),
        options.rounds,
        options.conversions,
        options.onnx2tf,
    )


def _crop(frozen: FrozenGraph) -> tuple[int, int]:
    crop = prepared(frozen.path).contract.crop
    if crop is None:
        raise UsageError("the graph does not show its crop", "give --input-size")
    return crop


def _parts(photos: Sequence[Photo], calibrate: str | None, seeds: int) -> Iterator[Parts]:
    if calibrate is None:
        calibrate = str(min(ENOUGH_PHOTOS, len(photos) // 2))
    if calibrate.isdecimal():
        yield from (split(photos, int(calibrate), seed) for seed in range(seeds))
    elif seeds > 1:
        raise UsageError("seeds choose among --images, so --calibrate is a number with them")
    else:
        yield without(photos, find_photos([Path(calibrate)]))


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "dlconv.bench.litert",
        "Compare LiteRT files by converter: labels, time per frame, bytes, cost of conversion.",
        rounds=1,
    )
    parser.add_argument("graph", metavar="GRAPH|MODEL")
    parser.add_argument("--images", type=Path, action="append", required=True, metavar="DIR|FILE")
    parser.add_argument("--calibrate", metavar="N|DIR")
    parser.add_argument("--seeds", type=positive, default=1, metavar="N")
    parser.add_argument("--input-size", metavar="HxW", help="the crop by default")
    parser.add_argument("--conversions", type=positive, default=3, metavar="N")
    parser.add_argument("--onnx2tf", type=Path, metavar="PROGRAM")
    return parser


if __name__ == "__main__":
    sys.exit(main())
