"""TensorBoard, in this process, on loopback, with the graphs dashboard alone.

It runs in threads that end with the process, and loads event files before it answers. It is
prevented from importing TensorFlow, which it does not need for graphs.
"""

import logging
import sys
import types
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.serving import HOST

ANY_PORT = 0


def start_tensorboard(logdir: Path, port: int = ANY_PORT) -> str:
    """Serve a folder of event files until this process ends; return the address of the graphs.

    Raises DlconvError when nothing can be served at the port, or TensorBoard is broken.
    """
    # TensorBoard does without TensorFlow if this module can be imported.
    sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("notf"))
    try:
        from tensorboard.plugins.core.core_plugin import CorePluginLoader
        from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin
        from tensorboard.program import TensorBoard, TensorBoardServerException
    except ImportError as error:  # up to 2.20 it needs pkg_resources, which setuptools has dropped
        raise DlconvError(
            f"TensorBoard cannot be imported: {error}",
            "pip install 'tensorboard>=2.21', or 'setuptools<81' beside an older one",
        ) from error

    # Its page asks for dashboards that are not served, which it would warn of each time.
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    server = TensorBoard(plugins=[CorePluginLoader(), GraphsPlugin])
    server.configure(
        logdir=str(logdir),
        host=HOST,
        port=port,
        load_fast="false",
        reload_interval=0,
        reload_task="blocking",
    )
    try:
        return f"{server.launch()}#graphs"
    except TensorBoardServerException as error:
        raise DlconvError(
            f"TensorBoard does not start: {error.msg}",
            "another port may be free",
            code="port-taken",
        ) from error
