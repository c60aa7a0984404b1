"""The pass that prepares a rewritten graph for TF.js, before it is written.

Its result may have ops that TF.js runs and TensorFlow does not.
"""

from dlconv.convert.passes import Pipeline
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions

lower = Pipeline({"fuse-convolutions": fuse_convolutions})
