"""The versions of operators, and the oldest runtime that has them.

A version of an operator says what a runtime has to know to run it; a runtime refuses one that it
does not have. Which properties ask for which version, and which release of TensorFlow brought it,
is stated in TensorFlow's own sources (``lite/tools/versioning/op_version.cc`` and
``runtime_version.cc``); here is what the operators that dlconv writes need of it.
"""

from dlconv.convert.targets.litert.model import Model, Operator


def version_of(operator: Operator) -> int:
    """Return the version that an operator has to have."""
    return 1


def oldest_runtime(model: Model) -> str:
    """Return the release of TensorFlow from which on its runtime runs a model."""
    return "1.5.0"
