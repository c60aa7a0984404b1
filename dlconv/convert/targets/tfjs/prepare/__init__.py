"""The passes that bring a graph into the form that TF.js knows, before it is lowered.

``prepare`` runs before the rewriting, so that all of that sees channels last and constants as they
are used; ``complete`` runs after it, and ``prepare_and_rewrite`` is everything before quantization.
"""

from dlconv.convert.passes import Pipeline
from dlconv.convert.rewrite import rewrite
from dlconv.convert.rewrite.fold_stored import fold_stored
from dlconv.convert.targets.tfjs.prepare.channels_last import channels_last
from dlconv.convert.targets.tfjs.prepare.select_branches import select_branches
from dlconv.convert.targets.tfjs.prepare.split_groups import split_groups

prepare = Pipeline({"fold-stored": fold_stored, "channels-last": channels_last})
complete = Pipeline({"select-branches": select_branches, "split-groups": split_groups})
prepare_and_rewrite = Pipeline({**prepare.passes, **rewrite.passes, **complete.passes})
