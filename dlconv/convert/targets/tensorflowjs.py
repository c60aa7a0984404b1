"""The official TensorFlow.js converter, with the same interface as our own writer.

It is the extra ``dlconv[tensorflowjs]``, and our writer is compared with it. It optimises the graph
with grappler, folds batch norms, and quantizes every float constant that is left.
"""

import tempfile
from pathlib import Path
from typing import Any

from dlconv.convert.stored import WeightType
from dlconv.errors import DlconvError
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.tensorflow import load_tensorflow, quiet_standard_error


def write_with_tensorflowjs(
    graph: Graph, contract: Contract, weight_type: WeightType, directory: Path
) -> None:
    """Write ``model.json`` and its shards with tensorflowjs into an existing, empty directory.

    ``weight_type`` applies to all constants. Raises DlconvError when tensorflowjs is not installed
    or refuses the graph.
    """
    conversion = _load_conversion()
    types = {} if weight_type is WeightType.FLOAT32 else {weight_type.value: "*"}
    with tempfile.NamedTemporaryFile(suffix=".pb") as file:
        file.write(graph.graph_def.SerializeToString())
        file.flush()
        try:
            with quiet_standard_error():
                conversion.convert_tf_frozen_model(
                    file.name,
                    contract.output.node,
                    str(directory),
                    quantization_dtype_map=types,
                    strip_debug_ops=True,
                )
        except (ValueError, RuntimeError) as error:
            first_line = str(error).partition("\n")[0]
            raise DlconvError(f"tensorflowjs cannot convert the graph: {first_line}") from error


def _load_conversion() -> Any:
    load_tensorflow()
    try:
        with quiet_standard_error():
            from tensorflowjs.converters import tf_saved_model_conversion_v2
    except ImportError as error:
        raise DlconvError(
            f"the official converter needs the tensorflowjs package ({error})",
            "pip install 'dlconv[tensorflowjs]' in an environment of Python 3.10 to 3.12",
            code="no-tensorflowjs",
            reason=error,
        ) from error
    return tf_saved_model_conversion_v2
