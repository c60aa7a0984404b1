"""How much memory steps take, and how much is available.

A step that ran before is expected to take as much again. The estimate for others was measured on
the zoo's networks, and is on the high side.
"""

import os
from pathlib import Path

from dlconv.cache import store
from dlconv.plan.state import Record
from dlconv.plan.steps import Step
from dlconv.plan.tasks import Convert, Verify
from dlconv.recipe import Precision, Recipe

MIB = 1 << 20
# What the check of an artifact adds to its conversion: TensorFlow, in a process of its own.
CHECK_BYTES = 1000 * MIB
# The share of the machine's memory that steps may take together.
SHARE = 0.75
# Files with the memory limit of the container, for each version of control groups.
CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_of(step: Step, record: Record | None) -> int:
    """Return how many bytes of memory a step is going to take."""
    if record is not None and record.memory:
        return record.memory
    task, graph_bytes = step.task, _graph_bytes(step)
    if isinstance(task, Verify):
        return 1500 * MIB + 15 * graph_bytes
    if not isinstance(task, Convert):
        return 100 * MIB + 8 * graph_bytes
    return _memory_to_convert(task.recipe, graph_bytes) + CHECK_BYTES


def _memory_to_convert(recipe: Recipe, graph_bytes: int) -> int:
    if recipe.precision is Precision.STATIC:
        return 3000 * MIB + 40 * graph_bytes
    if recipe.target == "onnx" or recipe.precision.is_calibrated:
        return 700 * MIB + 40 * graph_bytes
    return 100 * MIB + 8 * graph_bytes


def _graph_bytes(step: Step) -> int:
    origin = step.task.origin
    if origin.graph is not None:
        return _size_of(origin.graph)
    record = store.read_record(origin.model)
    return record.graph.size if record else 0


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def memory_for_steps() -> int:
    """Return how many bytes of memory steps may take together, by default."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(SHARE * min([machine, *_container_limits()]))


def _container_limits() -> list[int]:
    texts = [path.read_text().strip() for path in CGROUP_LIMITS if path.is_file()]
    return [int(text) for text in texts if text.isdecimal()]
