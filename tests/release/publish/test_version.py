"""Versions in their order."""

from itertools import combinations

import pytest

from dlconv.release.publish.version import is_older


def test_versions_are_ordered_as_semantic_versioning_says():
    ordered = ["0.9.0", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta"]
    ordered += ["1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2", "1.10.0"]
    for older, newer in combinations(ordered, 2):
        assert is_older(older, newer), (older, newer)
        assert not is_older(newer, older), (older, newer)


@pytest.mark.parametrize(
    ("version", "other"),
    [("beta", "1.0.0"), ("1.0.0", "beta"), ("v1", "2"), ("", "1"), ("1.0.0", "1.0.0+build")],
)
def test_without_an_order_none_is_older(version, other):
    assert not is_older(version, other)
