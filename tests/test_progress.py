from dlconv.progress import no_progress, of_step


def test_a_step_is_told_by_its_name():
    told = []
    of_step("searching", lambda *step: told.append(step))(1, 4)
    assert told == [("searching", 1, 4)]


def test_nobody_is_told_whatever_is_done():
    no_progress(1, None)
    no_progress("searching", 1, 4)
    no_progress("waiting")
