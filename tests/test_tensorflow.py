import os
import subprocess
import sys

IMPORT = "from dlconv.tensorflow import load_tensorflow; print(load_tensorflow().__version__)"
LOUD = "from dlconv.tensorflow import show_chatter; show_chatter(); "


def run(program):
    command = [sys.executable, "-c", program]
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_tensorflow_is_imported_without_a_word():
    answer = run(IMPORT)
    assert answer.stdout.startswith("2.")
    assert answer.stderr == ""


def test_its_chatter_can_be_asked_for():
    answer = run(LOUD + IMPORT)
    assert answer.stdout.startswith("2.")
    assert answer.stderr != ""


def test_what_is_kept_back_is_shown_when_something_fails():
    program = (
        "import os; from dlconv.tensorflow import quiet_standard_error\n"
        "with quiet_standard_error():\n"
        "    os.write(2, b'native words\\n'); raise ValueError('why')"
    )
    answer = run(program)
    assert "native words" in answer.stderr
    assert "ValueError: why" in answer.stderr


def test_what_is_kept_back_is_dropped_otherwise():
    program = (
        "import os; from dlconv.tensorflow import quiet_standard_error\n"
        "with quiet_standard_error():\n"
        "    os.write(2, b'native words\\n')\n"
        "os.write(2, b'after')"
    )
    assert run(program).stderr == "after"


def test_its_objects_are_left_out_of_garbage_collection():
    program = (
        "import gc; from dlconv.tensorflow import load_tensorflow\n"
        "load_tensorflow(); print(gc.isenabled(), gc.get_freeze_count() > 100_000)\n"
        "count = gc.get_freeze_count(); load_tensorflow(); print(gc.get_freeze_count() <= count)"
    )
    assert run(program).stdout.split() == ["True", "True", "True"]
