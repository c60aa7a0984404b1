"""The process of a step: a task comes in as a line of JSON, an answer goes out as JSON.

A step has a process of its own because TensorFlow never releases its memory and threads. The
process ends, with all that it started, as soon as its parent ends, even if that was killed: it
watches for that before it imports anything slow. What libraries print goes to standard error, with
``--verbose`` what they log, too.
"""

import os
import resource
import signal
import sys
import threading

VERBOSE = "--verbose"


def main() -> None:
    """Do the task that arrives on standard input."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with answers:
        answers.write(_answer(line))


def _answer(line: bytes) -> bytes:
    from dlconv.errors import DlconvError
    from dlconv.logs import hide_logs, show_logs
    from dlconv.plan.tasks import ANSWER, TASK, Answer, do

    hide_logs()
    if VERBOSE in sys.argv:
        show_logs()
    task = TASK.validate_json(line)
    try:
        answer = Answer(do(task), memory=_memory())
    except DlconvError as error:
        answer = Answer(error=str(error), memory=_memory())
    return ANSWER.dump_json(answer)


def _memory() -> int:
    """Return the peak memory of this process and its children, which have to end, in bytes."""
    from dlconv.runtimes.tensorflow_process import end_idle

    end_idle()
    unit = 1 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return unit * sum(resource.getrusage(each).ru_maxrss for each in who)


def _end_with_the_parent() -> None:
    """Wait for the end of standard input, which the parent keeps open as long as it lives."""
    os.read(sys.stdin.fileno(), 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
