import subprocess
import sys

import pytest

NOISE = "import logging, warnings; from dlconv.logs import hide_logs, show_logs; hide_logs(); "
WARN = "warnings.warn('a warning'); logging.getLogger('PIL').warning('a log')"


@pytest.mark.parametrize("shown", [False, True])
def test_what_libraries_warn_of_and_log_is_kept_back_unless_it_is_asked_for(shown):
    command = NOISE + ("show_logs(); " if shown else "") + WARN
    made = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert made.returncode == 0
    assert ("a warning" in made.stderr, "a log" in made.stderr) == (shown, shown)
    assert shown or made.stderr == ""


def test_a_call_whose_words_and_arguments_do_not_fit_ends_nothing():
    command = NOISE + "show_logs(); logging.getLogger('x').warning('%d of %s', 'a')"
    made = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert made.returncode == 0
    assert "%d of %s" in made.stderr
