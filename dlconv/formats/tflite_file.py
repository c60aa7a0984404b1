"""Reading a ``.tflite`` file: what it computes, what goes in and out, and its constants.

All files of LiteRT (once TensorFlow Lite) are read here, and LiteRT itself is not asked: a file is
checked before anything in it is trusted.
"""

from collections import Counter
from pathlib import Path

from dlconv.errors import DlconvError
from dlconv.formats.content import content_of
from dlconv.formats.flatbuffer import Flatbuffer
from dlconv.formats.kinds import TFLITE, TFLITE_IDENTIFIER, TFLITE_MAGIC
from dlconv.formats.network import Network
from dlconv.formats.tflite_model import UNKNOWN_CODE, Model, Quantization, Subgraph, model_in
from dlconv.formats.tflite_weights import decoded, stored_weights
from dlconv.graph.contract import TensorSpec


def read_tflite(path: Path, with_weights: bool = True) -> Network:
    """Read a ``.tflite`` file; if not ``with_weights``, the network has none.

    The weights are in TensorFlow's order of axes. Raises DlconvError when it is not a valid file.
    """
    model = load_tflite(path)
    main = model.subgraphs[0]
    stored = stored_weights(model)
    weights = tuple(decoded(each, path) for each in stored) if with_weights else ()
    operators = [each for subgraph in model.subgraphs for each in subgraph.operators]
    unread = sum(weight.values is None for weight in weights)
    unknown = [f"the values of {unread} weights"] if unread else []
    unknown += sorted({each.code for each in operators if each.code.startswith(UNKNOWN_CODE)})
    return Network(
        format="LiteRT",
        maker=_maker(model),
        files=(path,),
        inputs=tuple(_spec(model, main, number) for number in main.inputs),
        outputs=tuple(_spec(model, main, number) for number in main.outputs),
        ops=dict(Counter(each.kind for each in operators).most_common()),
        weights=weights,
        stored_dtypes=frozenset(
            each.tensor.dtype for each in stored if len(each.tensor.extents) > 1
        ),
        unknown=tuple(unknown),
    )


def load_tflite(path: Path) -> Model:
    """Read the tables of a ``.tflite`` file.

    Raises DlconvError when it is not one, or is damaged.
    """
    content = content_of(path, "a .tflite file", TFLITE, "the .tflite files that are read")
    if content[TFLITE_IDENTIFIER] != TFLITE_MAGIC:
        raise DlconvError(f"{path} is not a .tflite file, or it is truncated")
    return model_in(Flatbuffer(content, str(path)))


def _maker(model: Model) -> str:
    named = model.description.rstrip(" .") or "unknown"
    return f"{named}, runtime {model.min_runtime}" if model.min_runtime else named


def _spec(model: Model, subgraph: Subgraph, number: int) -> TensorSpec:
    """Return an input or output, by the name that the signature has for it if there is one."""
    tensor = subgraph.tensors[number]
    reason = "the file's own"
    if tensor.quantization is not None and tensor.quantization.scale.size == 1:
        reason += f": codes, {_meaning(tensor.quantization)}"
    return TensorSpec(model.names.get(number, tensor.name), tensor.dtype, tensor.shape, reason)


def _meaning(quantization: Quantization) -> str:
    zero, scale = int(quantization.zero_point[0]), float(quantization.scale[0])
    return f"each for (code {'+' if zero < 0 else '-'} {abs(zero)}) * {scale:.7g}"
