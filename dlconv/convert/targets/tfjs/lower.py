"""What TF.js needs done to a graph, after the rewriting and before it is written.

Its results hold ops that TF.js runs and TensorFlow does not.
"""

from dlconv.convert.passes import Pipeline
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions

lower = Pipeline({"fuse-convolutions": fuse_convolutions})
