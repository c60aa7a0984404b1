"""What converting costs: whole processes, one after another, by the clock and by their memory.

    python -m dlconv.bench.conversion GRAPH|MODEL|large [--rounds 3] [--peer DIR] [--json]

Two comparisons: ``dlconv tfjs`` with the official ``tensorflowjs_converter``, and ``dlconv onnx``
with ``python -m tf2onnx.convert``. The two sides take turns, and each run has a new output and a
new, empty cache. A third table shows how ``dlconv tfjs`` grows with its input, on random graphs of
the size of the zoo's largest, of half of it and of a quarter. ``large`` in place of a graph
compares the converters on the first of these.

Every number is the median over the rounds: seconds from start to end of the process, and the peak
of its resident memory in bytes (see ``launcher``).

The JSON is one object: ``schema`` (1), ``graph`` (path and bytes), ``rounds``; ``comparisons``, a
list of ``target``, ``tools`` (for each: name, command, seconds, peak_bytes, and all runs) and
``ratio`` (seconds and peak_bytes of the other tool, divided by dlconv's); ``growth``, a list of
graph_bytes, weights, seconds, peak_bytes, peak_per_byte and all runs.
"""

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlconv.bench.large_graph import write_large_graph
from dlconv.bench.program import exit_code_of, parser_of
from dlconv.errors import DlconvError
from dlconv.progress import Say
from dlconv.terminal.console import say
from dlconv.terminal.output import show
from dlconv.terminal.tables import Table
from dlconv.verify.reports.text import megabytes

SCHEMA = 1
SCALES = (0.25, 0.5, 1.0)
LARGE = "large"
OPSET = 17
OFFICIAL_VENV = Path(__file__).parents[2] / ".venv-peer"
LAUNCHER = Path(__file__).with_name("launcher.py")
# Placeholder in a tool's command for the output of a run.
OUTPUT = "{output}"
DLCONV = (sys.executable, "-m", "dlconv")


@dataclass(frozen=True)
class Cost:
    """One run: its seconds and the bytes of its peak of memory."""

    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Tool:
    """A converter: its name, the target it makes, and its command."""

    name: str
    target: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Costs:
    """All runs of one tool on one graph."""

    tool: Tool
    runs: tuple[Cost, ...]

    @property
    def seconds(self) -> float:
        """Median seconds."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """Median peak of memory in bytes."""
        return int(statistics.median(run.peak_bytes for run in self.runs))


@dataclass(frozen=True)
class Comparison:
    """dlconv and another converter on the same graph."""

    ours: Costs
    other: Costs

    @property
    def seconds_ratio(self) -> float:
        """How many times longer the other takes."""
        return self.other.seconds / self.ours.seconds

    @property
    def peak_ratio(self) -> float:
        """How many times more memory the other takes."""
        return self.other.peak_bytes / self.ours.peak_bytes


@dataclass(frozen=True)
class Growth:
    """dlconv on a generated graph of a size."""

    graph_bytes: int
    weights: int
    costs: Costs

    @property
    def peak_per_byte(self) -> float:
        """Peak of memory divided by the size of the graph's file."""
        return self.costs.peak_bytes / self.graph_bytes


@dataclass(frozen=True)
class GraphFile:
    """A frozen graph and its input and output nodes, as ``dlconv inspect`` finds them."""

    path: Path
    bytes: int
    input: str
    output: str


def find_graph(spec: str) -> GraphFile:
    """Let ``dlconv inspect`` find a model or a path; DlconvError says why it cannot."""
    command = [*DLCONV, "inspect", spec, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode != 0:
        raise DlconvError(_last_line(answer.stderr).removeprefix("error: "))
    content = json.loads(answer.stdout)
    path = Path(content["graph"]["path"]).absolute()
    contract = content["contract"]
    nodes = (contract["input"]["node"], contract["output"]["node"])
    return GraphFile(path, path.stat().st_size, *nodes)


def our_tfjs(path: Path) -> Tool:
    """Return dlconv's own TF.js writer for a graph."""
    return Tool("dlconv", "tfjs", (*DLCONV, "tfjs", str(path), "-o", f"{OUTPUT}/model"))


def pairs(graph: GraphFile, official_venv: Path | None) -> list[tuple[Tool, Tool]]:
    """Return the tools to compare, ours first.

    ``official_venv`` is the environment with the official converter; None leaves that out.
    """
    onnx = f"{OUTPUT}/model.onnx"
    ours = Tool("dlconv", "onnx", (*DLCONV, "onnx", str(graph.path), "-o", onnx))
    command = (sys.executable, "-m", "tf2onnx.convert", "--graphdef", str(graph.path))
    options = ("--inputs", f"{graph.input}:0", "--outputs", f"{graph.output}:0")
    more = ("--opset", str(OPSET), "--output", onnx)
    found = [(ours, Tool("tf2onnx", "onnx", (*command, *options, *more)))]
    if official_venv is not None:
        found.insert(0, (our_tfjs(graph.path), _official_tfjs(graph, official_venv)))
    return found


def _official_tfjs(graph: GraphFile, venv: Path) -> Tool:
    options = (
        "--input_format=tf_frozen_model",
        f"--output_node_names={graph.output}",
        "--strip_debug_ops=True",
    )
    program = str(_official_converter(venv))
    command = (program, *options, str(graph.path), f"{OUTPUT}/model")
    return Tool("tensorflowjs_converter", "tfjs", command)


def _official_converter(venv: Path) -> Path:
    return venv.absolute() / "bin" / "tensorflowjs_converter"


def compare(ours: Tool, other: Tool, rounds: int, say: Say) -> Comparison:
    """Run two tools in turns, ``rounds`` times each. Raises DlconvError when one fails."""
    runs: dict[Tool, list[Cost]] = {ours: [], other: []}
    for number in range(rounds):
        for tool in (ours, other) if number % 2 == 0 else (other, ours):
            say(f"{tool.target}: {tool.name}, round {number + 1} of {rounds}")
            runs[tool].append(run(tool))
    return Comparison(*(Costs(tool, tuple(runs[tool])) for tool in (ours, other)))


def measure_growth(scales: Sequence[float], rounds: int, say: Say) -> list[Growth]:
    """Convert generated graphs, all of them in each round, and return one entry per scale."""
    with tempfile.TemporaryDirectory(prefix="dlconv-bench-") as folder:
        paths = [Path(folder) / f"large-{scale:g}.pb" for scale in scales]
        weights = [write_large_graph(*pair) for pair in zip(paths, scales, strict=True)]
        tools = [our_tfjs(path) for path in paths]
        runs: list[list[Cost]] = [[] for _ in paths]
        for number in range(rounds):
            say(f"large graphs, round {number + 1} of {rounds}")
            for k, tool in enumerate(tools):
                runs[k].append(run(tool))
        return [
            Growth(paths[k].stat().st_size, weights[k], Costs(tools[k], tuple(runs[k])))
            for k in range(len(paths))
        ]


def run(tool: Tool) -> Cost:
    """Run a tool once, into a new folder that is removed again. Raises what ``run_into`` does."""
    with tempfile.TemporaryDirectory(prefix="dlconv-bench-") as folder:
        output = Path(folder) / "output"
        output.mkdir()
        return run_into(tool, output)


def run_into(tool: Tool, output: Path) -> Cost:
    """Run a tool once, into an empty folder.

    Raises DlconvError with the last line it printed when it fails.
    """
    with tempfile.TemporaryDirectory(prefix="dlconv-bench-") as folder:
        log = Path(folder) / "log"
        command = [part.replace(OUTPUT, str(output)) for part in tool.command]
        environment = {**os.environ, "DLCONV_CACHE": str(Path(folder) / "cache")}
        launched = subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(log), *command],
            env=environment,
            capture_output=True,
            text=True,
        )
        if launched.returncode != 0:
            raise DlconvError(f"cannot start {command[0]}: {_last_line(launched.stderr)}")
        content = json.loads(launched.stdout)
        if content["exit_code"] != 0:
            said = _last_line(log.read_text(errors="replace"))
            raise DlconvError(
                f"{tool.name} failed on the way to {tool.target} "
                f"(exit code {content['exit_code']}): {said}"
            )
        return Cost(content["seconds"], content["peak_bytes"])


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def as_data(
    graph: GraphFile, rounds: int, comparisons: Sequence[Comparison], growth: Sequence[Growth]
) -> dict[str, Any]:
    """Return everything as plain data, as the module describes it."""
    return {
        "schema": SCHEMA,
        "graph": {"path": str(graph.path), "bytes": graph.bytes},
        "rounds": rounds,
        "comparisons": [
            {
                "target": pair.ours.tool.target,
                "tools": [_costs_data(costs) for costs in (pair.ours, pair.other)],
                "ratio": {"seconds": pair.seconds_ratio, "peak_bytes": pair.peak_ratio},
            }
            for pair in comparisons
        ],
        "growth": [
            {
                "graph_bytes": step.graph_bytes,
                "weights": step.weights,
                **_costs_data(step.costs),
                "peak_per_byte": step.peak_per_byte,
            }
            for step in growth
        ],
    }


def _costs_data(costs: Costs) -> dict[str, Any]:
    return {
        "name": costs.tool.name,
        "command": list(costs.tool.command),
        "seconds": costs.seconds,
        "peak_bytes": costs.peak_bytes,
        "runs": [dataclasses.asdict(run) for run in costs.runs],
    }


def tables(comparisons: Sequence[Comparison], growth: Sequence[Growth]) -> Iterator[Table]:
    """Yield the table of the comparisons and that of the growth, if there are any."""
    if comparisons:
        yield _comparison_table(comparisons)
    if growth:
        yield _growth_table(growth)


def _comparison_table(comparisons: Sequence[Comparison]) -> Table:
    table = Table()
    for column in ("target", "converter"):
        table.add_column(column)
    for column in ("seconds", "memory", "time ratio", "memory ratio"):
        table.add_column(column, justify="right")
    for pair in comparisons:
        table.add_row(*_cells(pair.ours), "1", "1")
        ratios = (f"{pair.seconds_ratio:.1f}x", f"{pair.peak_ratio:.1f}x")
        table.add_row(*_cells(pair.other), *ratios)
    return table


def _cells(costs: Costs) -> list[str]:
    return [
        costs.tool.target,
        costs.tool.name,
        f"{costs.seconds:.2f}",
        f"{costs.peak_bytes / 1e6:,.0f} MB",
    ]


def _growth_table(growth: Sequence[Growth]) -> Table:
    table = Table(title="dlconv tfjs on random graphs")
    for column in ("graph", "weights", "seconds", "s per 100 MB", "memory", "memory / graph"):
        table.add_column(column, justify="right")
    for step in growth:
        table.add_row(
            megabytes(step.graph_bytes),
            f"{step.weights:,}",
            f"{step.costs.seconds:.2f}",
            f"{step.costs.seconds / step.graph_bytes * 1e8:.2f}",
            f"{step.costs.peak_bytes / 1e6:,.0f} MB",
            f"{step.peak_per_byte:.2f}",
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    return exit_code_of(_run, _parser(), arguments)


def _run(options: argparse.Namespace) -> None:
    official_venv = _official_venv(options.peer)
    with _large_or(options.graph) as spec:
        graph = find_graph(spec)
        comparisons = [compare(*pair, options.rounds, say) for pair in pairs(graph, official_venv)]
    growth = [] if options.no_growth else measure_growth(SCALES, options.rounds, say)
    if options.json:
        show(as_data(graph, options.rounds, comparisons, growth))
    else:
        show(*tables(comparisons, growth))


@contextmanager
def _large_or(spec: str) -> Iterator[str]:
    """Yield a path or a model as it is named, and for ``large`` the path of a generated graph."""
    if spec != LARGE:
        yield spec
        return
    with tempfile.TemporaryDirectory(prefix="dlconv-bench-") as folder:
        path = Path(folder) / "large.pb"
        say("making a graph of the size of the zoo's largest")
        write_large_graph(path)
        yield str(path)


def _parser() -> argparse.ArgumentParser:
    parser = parser_of(
        "dlconv.bench.conversion",
        "Measure time and memory of converters, as whole processes in turns.",
        rounds=3,
    )
    parser.add_argument("graph", metavar="GRAPH|MODEL|large")
    parser.add_argument(
        "--peer",
        type=Path,
        metavar="DIR",
        help="environment of tensorflowjs_converter",
    )
    parser.add_argument("--no-growth", action="store_true", help="leave out the large graphs")
    return parser


def _official_venv(named: Path | None) -> Path | None:
    """Return the environment with the official converter; None where the default is missing."""
    venv = named or OFFICIAL_VENV
    if _official_converter(venv).is_file():
        return venv
    if named:
        raise DlconvError(f"there is no {_official_converter(venv)}", "make peer")
    say(f"no environment at {venv} (make peer): tensorflowjs_converter is left out")
    return None


if __name__ == "__main__":
    sys.exit(main())
