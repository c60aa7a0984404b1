"""Graphs as LiteRT files, and what they give with XNNPACK and without."""

from dlconv.convert.targets.litert.file import serialized
from dlconv.convert.targets.litert.lower import lowered
from dlconv.convert.targets.litert.write import to_litert
from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.graph.contract import find_contract
from dlconv.runtimes.litert import open_interpreter


def as_litert(graph) -> bytes:
    """The file that ``dlconv litert`` writes of a graph, free sizes as they are."""
    rewritten = prepare_and_rewrite(graph).graph
    contract = find_contract(rewritten)
    return bytes(serialized(to_litert(lowered(rewritten, contract), contract)))


def in_litert(content: bytes, image, backend):
    """What a file gives for an image."""
    interpreter = open_interpreter(content, backend, threads=1)
    (given,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(given["index"], image.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], image.astype(given["dtype"]))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
