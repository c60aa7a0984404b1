"""Writes the definitions of TensorFlow's operations into the package (``make definitions``).

They are those that the installed TensorFlow registers, sorted by name, without what is written for
people: an OpList (tensorflow/core/framework/op_def.proto), compressed. The same TensorFlow and zlib
give the same bytes.
"""

import gzip

from tensorboard.compat.proto.op_def_pb2 import OpDef, OpList

from dlconv.graph.definitions import DATA
from dlconv.tensorflow import load_tensorflow


def registered_definitions() -> OpList:
    """Return the definitions of all ops that TensorFlow itself has, sorted by name."""
    load_tensorflow()
    from tensorflow.python.client import pywrap_tf_session

    content = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    found = sorted(OpList.FromString(content).op, key=lambda definition: definition.name)
    return OpList(op=map(_plain, found))


def _plain(definition: OpDef) -> OpDef:
    definition.ClearField("summary")
    definition.ClearField("description")
    definition.deprecation.ClearField("explanation")
    if not definition.deprecation.version:
        definition.ClearField("deprecation")
    for part in (*definition.input_arg, *definition.output_arg, *definition.attr):
        part.ClearField("description")
    for argument in (*definition.input_arg, *definition.output_arg):
        argument.ClearField("experimental_full_type")
    return definition


def main() -> None:
    """Write the package's data anew."""
    content = registered_definitions().SerializeToString(deterministic=True)
    DATA.write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    main()
