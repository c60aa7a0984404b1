"""Netron and Google's Model Explorer, on loopback, with a frozen graph open.

Both are third-party programs and optional extras of dlconv. Netron serves from a thread of this
process; Model Explorer is a process of its own, which ends with the block it is started for.
"""

import contextlib
import importlib.util
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.inspect.overlay import node_data
from dlconv.serving import HOST

START_SECONDS = 30
INSTALL = "pip install 'dlconv[view]'"

Overlays = Mapping[str, Mapping[str, float]]


@contextmanager
def netron(path: Path, port: int | None = None) -> Iterator[str]:
    """Serve a model file; yield the address. Raises DlconvError without Netron, or a free port."""
    try:
        import netron as program
    except ImportError as error:
        raise DlconvError("Netron is not installed", INSTALL) from error
    chosen = (HOST, port or _free_port())
    _refuse_taken(chosen[1])
    # Netron logs its address; the caller prints it already.
    with contextlib.redirect_stdout(sys.stderr):
        program.start(str(path), address=chosen, browse=False)
    try:
        yield f"http://{HOST}:{chosen[1]}/"
    finally:
        program.stop(chosen)


@contextmanager
def model_explorer(
    path: Path, name: str, overlays: Overlays, port: int | None = None
) -> Iterator[str]:
    """Serve a frozen graph under a name, with values by node to lay over it; yield the address.

    Raises DlconvError without Model Explorer, without a free port, or when it does not start.
    """
    graph = Graph(read_graph(path))
    chosen = port or _free_port()
    _refuse_taken(chosen)
    with tempfile.TemporaryDirectory(prefix="dlconv-") as directory:
        folder = Path(directory)
        # Of the file endings of a GraphDef, only this one is not mistaken for a SavedModel.
        link = folder / f"{name}.graphdef"
        link.symlink_to(path.absolute())
        files = []
        for title, values in overlays.items():
            files.append(folder / f"{title}.json")
            files[-1].write_text(node_data(graph, values), encoding="utf-8")
        with _started(link, files, chosen) as address:
            yield address


@contextmanager
def _started(path: Path, node_data_files: Sequence[Path], port: int) -> Iterator[str]:
    if importlib.util.find_spec("model_explorer") is None:
        raise DlconvError("Model Explorer is not installed", INSTALL)
    command = [sys.executable, "-m", "model_explorer", str(path), "--no_open_in_browser"]
    command += ["--host", HOST, "--port", str(port)]
    command += ["--node_data_paths", ",".join(map(str, node_data_files))]
    # In a session of its own it does not hear Ctrl-C, which is for this process to act on.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        address = next((line for line in process.stdout if line.startswith("http://")), None)
        timer.cancel()
        if address is None:
            raise DlconvError(
                f"Model Explorer does not start (exit code {process.wait()})", INSTALL
            )
        yield address.strip()
    finally:
        timer.cancel()
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind((HOST, 0))
        port: int = any_port.getsockname()[1]
        return port


def _refuse_taken(port: int) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, port))
        except OSError as error:
            raise DlconvError(
                f"port {port} is not free: {error.strerror}",
                "another port may be free",
                code="port-taken",
            ) from error
