"""What each backend really computes of each operation, as measured data.

``make conformance`` measures it (``dlconv.verify.conformance``); conversion and inspection ask it
about each node as it stands.
"""
