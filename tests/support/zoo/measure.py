"""One network of the zoo through dlconv, step by step, each with what it should give.

Run as ``python -m support.zoo.measure ROW RESULT``: TensorFlow may end a process, so that each row
has one of its own, which writes its result after each step.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from support.zoo.exporters import INPUT, MID_GREY, OUTPUT
from support.zoo.fitting import photo
from support.zoo.rows import Generated, Row, row

from dlconv import api

CHECKED, CALIBRATED = 6, 24
FIRST_CHECKED, FIRST_CALIBRATED = 50_000, 60_000
OTHER_SIZE = (97, 81)
LEAST_SHARE = 0.05
LEAST_CLASSES, LEAST_MARGIN = 5, 1.0
EXACT = 0.999
# Random weights see less alike in photos of two sizes than trained ones, and their activations have
# wider ranges; all else has verify's own floors.
OF_RANDOM_WEIGHTS: Mapping[str, api.GivenFloors] = {
    "onnx static": api.GivenFloors(agreement=0.9, worst=0.8, miou=0.7),
    "litert static": api.GivenFloors(agreement=0.9, worst=0.8, miou=0.7),
    "tfjs sized": api.GivenFloors(agreement=0.6),
    "onnx sized": api.GivenFloors(agreement=0.6),
    "litert sized": api.GivenFloors(agreement=0.6),
}

SIZED = {"interface": api.Interface(input_size=OTHER_SIZE)}
RECIPES: Mapping[str, tuple[str, str, dict]] = {
    "tfjs": ("tfjs", "float32", {}),
    "onnx": ("onnx", "float32", {}),
    "litert": ("litert", "float32", {}),
    "tfjs 8 bits": ("tfjs", "1", {}),
    "onnx static": ("onnx", "static", {}),
    "litert static": ("litert", "static", {}),
    "tfjs sized": ("tfjs", "float32", SIZED),
    "onnx sized": ("onnx", "float32", SIZED),
    "litert sized": ("litert", "float32", SIZED),
}
FILES = {"onnx": "model.onnx", "litert": "model.tflite"}
INSPECTED = ("labels", "contract", "pixels", "stages", "cost")
STEPS = (*INSPECTED, *RECIPES)


@dataclass(frozen=True)
class Step:
    """What came of a step: whether it is as it should be, in a word, and the reason if not."""

    ok: bool
    word: str
    reason: str = ""


def measure(network: Row, folder: Path, keep: Callable[[str, Step], None], steps=STEPS) -> None:
    """Make a network in a folder, put it through the steps, and keep what comes of each."""
    made = network.generate()
    path = folder / f"{network.name}.pb"
    path.write_bytes(made.graph)
    checked = _photos(folder / "checked", network, FIRST_CHECKED, CHECKED)
    calibrated = _photos(folder / "calibrated", network, FIRST_CALIBRATED, CALIBRATED)
    if "labels" in steps:
        keep("labels", _tried(partial(_labels, path, network)))
    if {*INSPECTED[1:]} & {*steps}:
        _inspect(path, network, made, keep)
    for name in RECIPES:
        if name in steps:
            keep(
                name, _tried(partial(_converted, name, network, path, folder, checked, calibrated))
            )


def _photos(folder: Path, network: Row, first: int, count: int) -> Path:
    folder.mkdir()
    for seed in range(first, first + count):
        Image.fromarray(photo(seed, network.exporter.crop)).save(folder / f"{seed}.png")
    return folder


def _tried(step: Callable[[], Step]) -> Step:
    try:
        return step()
    except api.DlconvError as error:
        return Step(
            False, "refused", f"{error.message}; {error.hint}" if error.hint else error.message
        )
    except Exception as error:
        return Step(False, "fails", f"{type(error).__name__}: {str(error).strip()[:300]}")


def _labels(path: Path, network: Row) -> Step:
    """Tell whether there are enough classes, and the scores of each pixel are apart."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(path.read_bytes()), name="")
        fetched = f"{OUTPUT}:0", graph.get_operation_by_name("ArgMax").inputs[0]
        seeds = range(FIRST_CHECKED, FIRST_CHECKED + CHECKED)
        photos = [photo(seed, network.exporter.crop)[None] for seed in seeds]
        labels, scores = zip(
            *(session.run(fetched, {f"{INPUT}:0": each}) for each in photos), strict=True
        )
    counts = np.bincount(np.concatenate([each.ravel() for each in labels]))
    classes = int((counts >= LEAST_SHARE * counts.sum()).sum())
    inside = [
        each[:, : image.shape[1], : image.shape[2]]
        for each, image in zip(scores, photos, strict=True)
    ]
    best = np.concatenate([each.reshape(-1, network.classes) for each in inside])
    best = np.log(best + 1e-9) if network.scales else best
    second, first = np.sort(best, axis=1)[:, -2:].T
    margin = float(np.median(first - second))
    ok = classes >= LEAST_CLASSES and margin >= LEAST_MARGIN
    return Step(ok, f"{classes}, {margin:.1f}")


def _inspect(path: Path, network: Row, made: Generated, keep) -> None:
    try:
        inspection = api.inspect(path).inspection
    except Exception as error:
        for name in INSPECTED[1:]:
            keep(name, Step(False, "fails", f"{type(error).__name__}: {error}"))
        return
    keep("contract", _contract(inspection, network))
    keep("pixels", _pixels(inspection, network))
    keep("stages", _stages(inspection, made))
    keep("cost", _cost(inspection, made))


def _same(found, expected) -> Step:
    is_same = found == expected
    return Step(
        is_same, "found" if is_same else "wrong", "" if is_same else f"{found}, not {expected}"
    )


def _contract(inspection, network: Row) -> Step:
    crop = (network.exporter.crop,) * 2
    contract = inspection.contract
    if contract is None:
        return Step(False, "none", f"outputs {[each.node for each in inspection.findings.outputs]}")
    found = contract.input.node, contract.output.node, contract.crop, contract.classes
    return _same(found, (INPUT, OUTPUT, crop, network.classes))


def _pixels(inspection, network: Row) -> Step:
    mean = network.exporter.mean
    scale = (1.0,) if mean else (2 / 255,)
    found = inspection.preprocessing
    if None in (found.scale, found.mean, found.pad_value):
        return Step(False, "unknown", f"{found}")
    values = mean or MID_GREY[:1]
    expected = [*scale, *values, *values]
    given = [*found.scale, *found.mean, *found.pad_value]
    is_same = len(given) == len(expected) and np.allclose(given, expected, rtol=1e-5)
    return Step(
        is_same, "found" if is_same else "wrong", "" if is_same else f"{given}, not {expected}"
    )


def _stages(inspection, made: Generated) -> Step:
    found = {
        each.stage: each.multiply_adds for each in inspection.cost.stages if each.multiply_adds
    }
    return _same({*found}, {*made.multiply_adds})


def _cost(inspection, made: Generated) -> Step:
    found = {
        each.stage: each.multiply_adds for each in inspection.cost.stages if each.multiply_adds
    }
    total = f"{sum(made.multiply_adds.values()) / 1e6:.0f} M"
    is_same = found == made.multiply_adds
    return Step(is_same, total, "" if is_same else f"{found}, not {made.multiply_adds}")


def _converted(
    name: str, network: Row, path: Path, folder: Path, checked: Path, photos: Path
) -> Step:
    """Convert and verify; the floors are verify's own, exact where 8 bits were trained."""
    target, precision, options = RECIPES[name]
    recipe = api.Recipe(target, precision, **options)
    place = folder / name.replace(" ", "-") / FILES.get(target, "")
    calibration = [photos] if recipe.precision.is_calibrated else []
    api.convert(api.find(path), recipe, place, photos=calibration)
    floors = OF_RANDOM_WEIGHTS.get(name, api.GivenFloors())
    (result,) = api.verify([place], images=[checked], floors=floors)
    failures = list(result.failures)
    if result.total is None:
        return Step(False, "fails", failures[0])
    agreement = result.mean_agreement
    if network.trained_8_bit and name == "tfjs 8 bits" and agreement < EXACT:
        failures.append(f"trained ranges are lost: {agreement:.4f} is less than {EXACT}")
    return Step(not failures, f"{100 * agreement:.2f} %", "; ".join(failures))


def main() -> None:
    name, result = sys.argv[1], Path(sys.argv[2])
    steps = sys.argv[3:] or STEPS
    found: dict[str, dict] = {}
    start = time.monotonic()

    def keep(step: str, came: Step) -> None:
        found[step] = asdict(came)
        seconds = round(time.monotonic() - start, 1)
        result.write_text(json.dumps({"steps": found, "seconds": seconds}, indent=1))

    with tempfile.TemporaryDirectory() as folder:
        measure(row(name), Path(folder), keep, steps)


if __name__ == "__main__":
    main()
