"""The families of the DeepLab model zoo, as frozen graphs with random weights.

Written from the papers and from what published graphs look like; sizes that change nothing in a
graph's structure (crop, width, repeats of equal blocks) are small. ``builder`` writes layers,
``backbones`` and ``heads`` what they are joined to, ``exporters`` the nodes around them as export
scripts of several years wrote them, ``fitting`` makes weights with which labels differ. ``rows``
lists the networks, ``measure`` puts one through dlconv, ``page`` makes docs/zoo.md of all.
"""
