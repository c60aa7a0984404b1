"""Rewrite passes: the same function, faster, whatever the target.

Each pass is a file of its own with one public function. ``rewrite`` is all of them in an order in
which each ensures what later ones require; running them again changes nothing. ``docs/passes.md``
shows how to write one.
"""

from dlconv.convert.passes import Pipeline
from dlconv.convert.rewrite.compose_pointwise import compose_pointwise
from dlconv.convert.rewrite.drop_asserts import drop_asserts
from dlconv.convert.rewrite.drop_casts import drop_casts
from dlconv.convert.rewrite.drop_dropouts import drop_dropouts
from dlconv.convert.rewrite.drop_identities import drop_identities
from dlconv.convert.rewrite.drop_resizes import drop_resizes
from dlconv.convert.rewrite.flatten_atrous import flatten_atrous
from dlconv.convert.rewrite.fold_batch_norms import fold_batch_norms
from dlconv.convert.rewrite.fold_constants import fold_constants
from dlconv.convert.rewrite.fold_stored import fold_stored
from dlconv.convert.rewrite.split_pooled import split_pooled
from dlconv.convert.rewrite.take_branches import take_branches

rewrite = Pipeline(
    {
        "fold-stored": fold_stored,
        "drop-asserts": drop_asserts,
        "take-branches": take_branches,
        "drop-identities": drop_identities,
        "drop-dropouts": drop_dropouts,
        "flatten-atrous": flatten_atrous,
        "drop-resizes": drop_resizes,
        "drop-casts": drop_casts,
        "fold-batch-norms": fold_batch_norms,
        "compose-pointwise": compose_pointwise,
        "split-pooled": split_pooled,
        "fold-constants": fold_constants,
    }
)
