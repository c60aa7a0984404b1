import pytest

from dlconv.graph.by_op import registers


def test_a_function_is_found_by_each_of_its_ops():
    table = {}

    @registers(table, ("Add", "Sub"))
    def rule():
        return 7

    assert table == {"Add": rule, "Sub": rule}


def test_an_op_has_one_function():
    table = {"Add": min}
    with pytest.raises(AssertionError, match="Add"):
        registers(table, ["Add"])(max)
    assert table == {"Add": min}
