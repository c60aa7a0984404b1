"""What a log shows of a build, in CI as well, and what its end says."""

import re
from pathlib import Path

import pytest
from rich.console import Console

from dlconv.plan.display import display
from dlconv.plan.report import as_data, table
from dlconv.plan.result import Result, Status
from dlconv.plan.steps import Step
from dlconv.plan.tasks import Access, Fetch, Origin, Pack
from dlconv.terminal.printable import log_line

FETCH = Step(Fetch(Origin("net", None, Access())))
PACK = Step(Pack(Origin("net", None, Access()), Path("r"), (), "1"), needs=(FETCH.name,))
FAILED = Result(FETCH, Status.FAILED, 3.25, reason="the server [1.2.3.4] is gone at 50%")
NOT_RUN = Result(PACK, Status.NOT_RUN, reason="needs fetch net")
LOG = [
    "trying",
    "  ::error::no command",
    "[1] ##[error]nor this",
    "section_end:1:net_fetch\r\033[0K",
]


@pytest.fixture
def shown(tmp_path, capsys):
    """What is shown of a step that fails, and one that is not run, in an environment."""
    log = tmp_path / "fetch.log"
    log.write_text("\n".join(LOG), newline="")

    def show(**environment):
        with display(2, environment) as observer:
            observer.waits(FETCH)
            observer.starts(FETCH, "not in the cache")
            observer.ends(FAILED, log)
            observer.ends(NOT_RUN, tmp_path / "none.log")
        return capsys.readouterr().err

    return show


def test_a_log_has_a_line_for_the_start_and_one_for_the_end(shown):
    assert shown().splitlines() == [
        "fetch net: waiting for another build",
        "fetch net: not in the cache",
        "failed: fetch net (3.2 s): the server [1.2.3.4] is gone at 50%",
        "not run: pack net: needs fetch net",
    ]


def test_github_gets_groups_and_annotations_and_takes_no_commands_from_a_log(shown):
    start, stop, *log, resume, end, error, not_run = shown(GITHUB_ACTIONS="true").splitlines()[2:]
    assert start == "::group::failed: fetch net (3.2 s): the server [1.2.3.4] is gone at 50%25"
    assert log == list(map(log_line, "\n".join(LOG).splitlines()))
    assert (stop, resume) == (f"::stop-commands::{resume.strip(':')}", f"::{resume.strip(':')}::")
    assert end == "::endgroup::"
    assert error == "::error::failed: fetch net (3.2 s): the server [1.2.3.4] is gone at 50%25"
    assert not_run == "not run: pack net: needs fetch net"


def test_what_lets_github_hear_again_is_another_each_time(shown):
    first, second = (shown(GITHUB_ACTIONS="true").splitlines()[3] for _ in range(2))
    assert first.startswith("::stop-commands::")
    assert len(first) > 64
    assert first != second


def test_gitlab_gets_sections_and_none_from_a_log(shown):
    said = shown(GITLAB_CI="true")
    marks = re.findall(r"section_(start|end):\d+:(\w+)(?:\[collapsed=true\])?\r", said)
    assert marks == [("start", "net_fetch"), ("end", "net_fetch")]
    assert said.index("section_start") < said.index("trying") < said.index("section_end:")


def test_the_table_gives_each_step_with_its_reason(capsys):
    Console(width=120, force_terminal=False).print(table([FAILED, NOT_RUN]))
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "fetch net failed 3.2 the server [1.2.3.4] is gone at 50%" in rows
    assert "pack net not run needs fetch net" in rows


def test_scripts_get_nulls_for_what_does_not_apply():
    skipped = Result(FETCH, Status.SKIPPED, None, 123, None)
    assert as_data([skipped]) == [
        {
            "step": "fetch",
            "model": "net",
            "artifact": None,
            "result": "skipped",
            "seconds": None,
            "bytes": 123,
            "agreement": None,
            "reason": None,
        }
    ]
