"""The passes that prepare a rewritten graph for TF.js, before it is written.

What the last of them gives may have ops that TF.js runs and TensorFlow does not; all before it
still computes the same in TensorFlow.
"""

from dlconv.convert.passes import Pipeline
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.convert.targets.tfjs.prepare import prepare

lower = Pipeline({**prepare.passes, "fuse-convolutions": fuse_convolutions})
