"""Reports in files: the file name's ending determines the format.

In GitHub Actions (``GITHUB_STEP_SUMMARY``) the Markdown report is added to the summary of the job.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from dlconv.errors import DlconvError, UsageError
from dlconv.storage.files import write_atomically
from dlconv.verify.document import document_of, for_json
from dlconv.verify.reports.junit import as_junit
from dlconv.verify.reports.markdown import as_markdown
from dlconv.verify.reports.page import as_html
from dlconv.verify.result import ArtifactResult

KINDS = (".json", ".html", ".md", ".xml")
SUMMARY = "GITHUB_STEP_SUMMARY"


def check_report_files(files: Sequence[Path]) -> None:
    """Raise UsageError for a file whose ending is not that of a report format."""
    for file in files:
        if file.suffix not in KINDS:
            raise UsageError(f"a report is {', '.join(KINDS)}, not {file}")


def wants_pictures(files: Sequence[Path]) -> bool:
    """Return whether one of the reports shows photos."""
    return any(file.suffix == ".html" for file in files)


def write_reports(results: Sequence[ArtifactResult], files: Sequence[Path]) -> None:
    """Write each report, and a CI job's summary. Raises DlconvError when one cannot be written."""
    for file in files:
        try:
            write_atomically(file, _content(results, file.suffix))
        except OSError as error:
            raise DlconvError(f"cannot write {file}: {error.strerror}") from error
    summary = os.environ.get(SUMMARY)
    if not summary:
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as job:
            job.write(as_markdown(results))
    except OSError as error:
        raise DlconvError(f"cannot write {SUMMARY}={summary}: {error.strerror}") from error


def _content(results: Sequence[ArtifactResult], suffix: str) -> bytes:
    if suffix == ".html":
        return as_html(results).encode()
    if suffix == ".md":
        return as_markdown(results).encode()
    if suffix == ".xml":
        return as_junit(results)
    return for_json(document_of(results))
