"""What writes nodes that a target does not have, or computes otherwise, in other operations.

TensorFlow.js and LiteRT share the lowerings; each says which nodes it needs them for.
"""
