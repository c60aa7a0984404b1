"""What a log shows of a build, in CI as well, and what its end says."""

from pathlib import Path

import pytest
from rich.console import Console

from dlconv.build.display import display
from dlconv.build.plan import Step
from dlconv.build.report import as_data, table
from dlconv.build.result import Result, Status
from dlconv.build.tasks import Access, Fetch, Origin, Pack

FETCH = Step(Fetch(Origin("net", None, Access())))
PACK = Step(Pack(Origin("net", None, Access()), Path("r"), (), "1"), needs=(FETCH.name,))
FAILED = Result(FETCH, Status.FAILED, 3.25, reason="the server [1.2.3.4] is gone at 50%")
NOT_RUN = Result(PACK, Status.NOT_RUN, reason="needs fetch net")


@pytest.fixture
def shown(tmp_path, capsys):
    """What is shown of a step that fails, and one that is not run, in an environment."""
    log = tmp_path / "fetch.log"
    log.write_text("trying\n::error::not a command\n")

    def show(**environment):
        with display(2, environment) as watch:
            watch.waits(FETCH)
            watch.starts(FETCH, "not in the cache")
            watch.ends(FAILED, log)
            watch.ends(NOT_RUN, tmp_path / "none.log")
        return capsys.readouterr().err.splitlines()

    return show


def test_a_log_has_a_line_for_the_start_and_one_for_the_end(shown):
    assert shown() == [
        "fetch net: waiting for another build",
        "fetch net: not in the cache",
        "failed: fetch net (3.2 s): the server [1.2.3.4] is gone at 50%",
        "not run: pack net: needs fetch net",
    ]


def test_github_gets_groups_and_annotations_and_no_commands_of_others(shown):
    assert shown(GITHUB_ACTIONS="true")[2:] == [
        "::group::failed: fetch net (3.2 s): the server [1.2.3.4] is gone at 50%",
        "  trying",
        "  ::error::not a command",
        "::endgroup::",
        "::error::failed: fetch net (3.2 s): the server [1.2.3.4] is gone at 50%25",
        "not run: pack net: needs fetch net",
    ]


def test_gitlab_gets_sections(shown):
    lines = shown(GITLAB_CI="true")
    start, end = [line for line in lines if "section_" in line and "net_fetch" in line][:2]
    assert start.startswith("\033[0Ksection_start:")
    assert end.startswith("\033[0Ksection_end:")
    assert lines.index("trying") < lines.index(end)


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
