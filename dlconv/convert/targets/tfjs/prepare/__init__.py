"""The passes that give TF.js a graph that it can run, before single operations are lowered.

All of them keep the graph one that TensorFlow runs, with the same values.
"""

from dlconv.convert.passes import Pipeline
from dlconv.convert.targets.tfjs.prepare.select_branches import select_branches

prepare = Pipeline({"select-branches": select_branches})
