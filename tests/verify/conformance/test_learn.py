from hypothesis import given
from hypothesis import strategies as st

from dlconv.convert.conformance.table import Status
from dlconv.verify.conformance.learn import Row, learned
from dlconv.verify.conformance.results import Outcome

RIGHT, WRONG = Outcome(Status.EQUAL), Outcome(Status.WRONG)


def rows(*cases):
    return [Row(traits, "usual", {"wasm": RIGHT if ok else WRONG}) for ok, traits in cases]


def faults_of(*cases):
    return [dict(fault.when) for fault in learned(rows(*cases), ["wasm"]).faults.get("wasm", ())]


def test_one_trait_is_enough_where_it_is_never_right():
    assert faults_of(
        (True, {"T": "float32", "rank": "4"}),
        (False, {"T": "float32", "rank": "6"}),
        (True, {"T": "int32", "rank": "4"}),
        (False, {"T": "int32", "rank": "6"}),
    ) == [{"rank": "6"}]


def test_two_are_taken_together_where_each_alone_is_right():
    assert faults_of(
        (True, {"T": "float32", "rank": "4"}),
        (True, {"T": "float32", "rank": "6"}),
        (True, {"T": "int32", "rank": "4"}),
        (False, {"T": "int32", "rank": "6"}),
    ) == [{"T": "int32", "rank": "6"}]


def test_what_is_never_right_needs_no_trait():
    assert faults_of((False, {"T": "float32"}), (False, {"T": "int32"})) == [{}]


def test_other_values_make_notes_and_no_faults():
    usual, infinite = (
        rows((True, {"T": "float32"})),
        Row({"T": "float32"}, "not finite", {"wasm": WRONG}),
    )
    found = learned([*usual, infinite], ["wasm"])
    assert (found.faults, found.notes) == ({}, {"wasm": ("not finite",)})


def test_the_largest_error_that_is_close_is_kept():
    close = Row({"T": "float32"}, "usual", {"wasm": Outcome(Status.CLOSE, 3e-5)})
    assert learned([*rows((True, {"T": "int32"})), close], ["wasm"]).close == {"wasm": 3e-5}


traited = st.fixed_dictionaries({name: st.sampled_from("01") for name in "abcde"})


@given(st.lists(st.tuples(st.booleans(), traited), max_size=30))
def test_every_wrong_case_has_a_fault_and_a_right_one_only_if_it_looks_the_same(cases):
    faults = learned(rows(*cases), ["wasm"]).faults.get("wasm", ())
    wrong = [traits for ok, traits in cases if not ok]
    for ok, traits in cases:
        is_held = any(fault.may_hold(traits) for fault in faults)
        assert is_held == (not ok or traits in wrong)
