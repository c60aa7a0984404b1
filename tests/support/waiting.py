"""How long a test waits for what has to come before it says that it won't.

It guards against waiting for ever. No test passes or fails by how fast the machine is, so this is
far more than a slow one needs.
"""

SECONDS = 60
MILLISECONDS = SECONDS * 1000
