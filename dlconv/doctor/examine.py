"""All that ``dlconv doctor`` looks at."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from dlconv.doctor import libraries, machine
from dlconv.doctor.check import Check, Group, Probe, run_probe
from dlconv.doctor.requirements import installed
from dlconv.progress import StepProgress

# Packages with a line of their own: the module to import, and what needs them.
LIBRARIES = {
    "numpy": ("numpy", "everything"),
    "protobuf": ("tensorboard.compat.proto.graph_pb2", "frozen graphs"),
    "tensorflow": ("tensorflow", "verify, --quantize"),
    "onnx": ("onnx", "onnx"),
}
EXTRAS = {
    "browser": ("playwright.sync_api", "driving Chromium"),
    "dask": ("distributed", "verify --dask"),
    "huggingface": ("huggingface_hub", "publish hf:"),
    "litert": ("ai_edge_litert.interpreter", "LiteRT artifacts"),
    "oci": ("oras.client", "publish oci:"),
    "sign": ("model_signing", "sign, check"),
    "view": ("netron, model_explorer", "inspect view"),
    "tensorflowjs": ("tensorflowjs", "tfjs --converter"),
}
WORKERS = 4


@dataclass(frozen=True)
class _PlannedCheck:
    """A check that has not run yet."""

    group: Group
    name: str
    purpose: str
    probe: Probe
    is_needed: bool = True

    def run(self) -> Check:
        return Check(self.group, self.name, self.purpose, self.is_needed, run_probe(self.probe))


def examine(progress: StepProgress) -> list[Check]:
    """Run all checks side by side; ``progress`` gets the last one's name, and how many are done."""
    planned = list(_planned())
    with ThreadPoolExecutor(WORKERS) as pool:
        running = {pool.submit(each.run): each.name for each in planned}
        for done, future in enumerate(as_completed(running), 1):
            progress(running[future], done, len(planned))
    return [future.result() for future in running]


def _planned() -> Iterator[_PlannedCheck]:
    yield _PlannedCheck("base", "python", "everything", libraries.python)
    for package, (module, purpose) in LIBRARIES.items():
        probe = partial(libraries.library, package, module)
        yield _PlannedCheck("base", package, purpose, probe)
    if installed("tensorflowjs") is not None:
        purpose = "tfjs --converter"
        yield _PlannedCheck("base", "setuptools", purpose, libraries.pkg_resources)
    others = partial(libraries.other_libraries, {*LIBRARIES, "onnxruntime"})
    yield _PlannedCheck("base", "other packages", "everything", others)
    yield _PlannedCheck("base", "cache", "models, labels", machine.cache)
    onnxruntime = partial(libraries.library, "onnxruntime", "onnxruntime")
    yield _PlannedCheck("runtimes", "onnxruntime", "ONNX artifacts", onnxruntime)
    yield _PlannedCheck("runtimes", "node", "TF.js artifacts", machine.node)
    yield _PlannedCheck("runtimes", "bundle", "TF.js, the page", machine.bundle)
    purpose, is_needed = "artifacts in browsers", machine.is_chromium_wanted()
    yield _PlannedCheck("runtimes", "chromium", purpose, machine.chromium, is_needed)
    for name, (module, purpose) in EXTRAS.items():
        yield _PlannedCheck("extras", name, purpose, partial(libraries.extra, name, module), False)
