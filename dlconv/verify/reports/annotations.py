"""What fell short, as errors that GitHub Actions shows at the top of a run."""

import os
from collections.abc import Iterable, Iterator

from dlconv.terminal.printable import printable
from dlconv.verify.result import ArtifactResult

IN_ACTIONS = "GITHUB_ACTIONS"


def annotations(results: Iterable[ArtifactResult]) -> Iterator[str]:
    """Yield a workflow command for each failure; nothing outside GitHub Actions."""
    if os.environ.get(IN_ACTIONS) != "true":
        return
    for result in results:
        for failure in result.failures:
            title = in_command(f"{result.artifact.manifest.source.model}: {result.title}")
            title = title.replace(":", "%3A").replace(",", "%2C")
            message = in_command(f"{result.artifact.entry}: {failure}")
            yield f"::error title={title}::{message}"


def in_command(text: str) -> str:
    """Return a text as the message of a workflow command."""
    return printable(text).replace("%", "%25")
