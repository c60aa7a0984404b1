"""Graphs with branches, as TensorFlow 1 writes them."""

from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.tensorflow import load_tensorflow


def traced(build, shape=(2,)) -> GraphDef:
    """The graph of y = build(v1, x), where v1 is TensorFlow 1 and x a float32 placeholder."""
    tensorflow = load_tensorflow()
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default() as graph:
        v1.disable_control_flow_v2()
        x = v1.placeholder(tensorflow.float32, shape, name="x")
        tensorflow.identity(build(v1, x), name="y")
    extracted = v1.graph_util.extract_sub_graph(graph.as_graph_def(), ["y"])
    return GraphDef.FromString(extracted.SerializeToString())
