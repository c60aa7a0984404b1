import json

import pytest

from dlconv.errors import DlconvError, UsageError
from dlconv.verify.reports.files import check_report_files, wants_pictures, write_reports


@pytest.fixture(autouse=True)
def _no_summary(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def test_the_ending_says_which_report(failed, tmp_path):
    files = [tmp_path / f"report{suffix}" for suffix in (".json", ".html", ".md", ".xml")]
    check_report_files(files)
    assert wants_pictures(files)
    write_reports([failed], files)
    starts = [file.read_text()[:12] for file in files]
    assert json.loads(files[0].read_text())["passed"] is False
    assert starts[1:] == ["<!doctype ht", "### dlconv v", "<?xml versio"]


def test_another_ending_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"a report is \.json, \.html, \.md, \.xml, not .*\.pdf"):
        check_report_files([tmp_path / "report.pdf"])


def test_a_ci_job_gets_a_summary_behind_what_is_there(failed, tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    write_reports([failed], [])
    assert summary.read_text().startswith("before\n### dlconv verify: 0 of 1 passed")


def test_a_file_that_cannot_be_written_is_one_line(failed, tmp_path):
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(DlconvError, match="cannot write") as raised:
        write_reports([failed], [tmp_path / "folder.md"])
    assert "\n" not in str(raised.value)
