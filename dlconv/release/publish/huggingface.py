"""A model repository on the Hugging Face Hub: one commit, and the tag ``v<version>``.

The repository holds the release in the folder ``release``, as it was packed, and a model card whose
front matter has the evidence as a model index. A commit replaces the last release as a whole;
earlier versions stay under their tags. ``main`` holds the newest version: an older one that is
published later has only a tag. A repository holds one model.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlconv.errors import DlconvError, UsageError
from dlconv.net.http import UNEXPECTED_JSON, may_pass, other_answer
from dlconv.net.patience import WITH_SERVICES, PassingError, patiently
from dlconv.parsing import parse_json
from dlconv.progress import StepProgress
from dlconv.release.document import RELEASE_NAME, Release
from dlconv.release.publish.checked import CheckedRelease
from dlconv.release.publish.secrets import secret
from dlconv.release.publish.target import check_model, digest_in, words_of
from dlconv.release.publish.version import is_older
from dlconv.verify.document import Result

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
FOLDER = "release"
MAIN = "main"
CARD = "README.md"
TAGS = ("deeplab", "dlconv", "semantic-segmentation")
# The Hub's tag for each target.
TARGET_TAGS = {"tfjs": "tensorflow.js", "onnx": "onnx", "litert": "tflite"}


class HuggingFace:
    """A repository of models; the Hub is at ``HF_ENDPOINT``, if that is set."""

    def __init__(self, repository: str) -> None:
        if not REPOSITORY.fullmatch(repository):
            raise UsageError(f"hf:{repository} is not a repository", "give hf:OWNER/NAME")
        hub = _library()
        self._repository = repository
        self._hub = hub.HfApi(
            endpoint=os.environ.get("HF_ENDPOINT"),
            token=secret("HF_TOKEN", "a token that may write to the repository"),
        )

    def place_of(self, release: CheckedRelease) -> str:
        """Return the page of the repository at the release's tag."""
        return f"{self._hub.endpoint}/{self._repository}/tree/{_tag(release)}"

    def published(self, release: CheckedRelease) -> str | None:
        """Return the content digest of the release under the tag."""
        tag, found = _tag(release), None
        with self._trouble():
            is_tagged = tag in self._tags()
            last = self._last()
            if is_tagged:
                found = self._document(tag)
        check_model(release, last.get("name", ""), f"hf:{self._repository}")
        if found is None:
            return "" if is_tagged else None
        return digest_in(found, self.place_of(release)) or ""

    def send(self, release: CheckedRelease, progress: StepProgress) -> None:
        """Commit the release in place of the last one, unless that is newer, and tag it."""
        patiently(lambda: self._send(release, progress), WITH_SERVICES)

    def _send(self, release: CheckedRelease, progress: StepProgress) -> None:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        with self._trouble():
            self._hub.create_repo(self._repository, exist_ok=True)
            branch = self._branch(release)
            wanted = {f"{FOLDER}/{path}": release.folder / path for path in release.paths}
            gone = [
                path
                for path in self._hub.list_repo_files(self._repository, revision=branch)
                if path.startswith(f"{FOLDER}/") and path not in wanted
            ]
            operations = [
                CommitOperationAdd(CARD, card_with_index(release).encode()),
                *(CommitOperationAdd(path, file) for path, file in wanted.items()),
                *(CommitOperationDelete(path) for path in gone),
            ]
            progress("commit", 0, 2)
            commit = self._hub.create_commit(
                self._repository,
                operations,
                commit_message=f"{release.name} {release.version}",
                revision=branch,
            )
            progress("tag", 1, 2)
            self._hub.create_tag(self._repository, tag=_tag(release), revision=commit.oid)
            if branch != MAIN:
                self._hub.delete_branch(self._repository, branch=branch)

    def _branch(self, release: CheckedRelease) -> str:
        """Return the branch to commit to: a new one for a version older than what main holds."""
        if not is_older(release.version, str(self._last().get("version"))):
            return MAIN
        branch = f"older-{_tag(release)}"
        self._hub.create_branch(self._repository, branch=branch, exist_ok=True)
        return branch

    def _tags(self) -> set[str]:
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            refs = self._hub.list_repo_refs(self._repository)
        except RepositoryNotFoundError:
            return set()
        return {each.name for each in refs.tags}

    def _last(self) -> dict[str, Any]:
        """Return the ``release.json`` of main, of any version of dlconv; {} without one."""
        try:
            said = parse_json(self._document(MAIN) or b"{}")
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    def _document(self, revision: str) -> bytes | None:
        """Return the ``release.json`` at a tag or a branch; None where there is none."""
        path = f"{FOLDER}/{RELEASE_NAME}"
        if not self._hub.file_exists(self._repository, path, revision=revision):
            return None
        with tempfile.TemporaryDirectory() as folder:
            found = self._hub.hf_hub_download(
                self._repository, path, revision=revision, local_dir=folder
            )
            return Path(found).read_bytes()

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Turn what the library and its HTTP client raise into a DlconvError."""
        try:
            yield
        except (JSONDecodeError, UnicodeDecodeError, *UNEXPECTED_JSON) as error:
            raise other_answer(f"hf:{self._repository}", words_of(error)) from error
        except Exception as error:
            status = getattr(getattr(error, "response", None), "status_code", 0)
            kind = PassingError if may_pass(status) else DlconvError
            raise kind(
                f"hf:{self._repository}: {words_of(error)}",
                "check the network, and that HF_TOKEN may write to the repository",
            ) from error


def card_with_index(release: CheckedRelease) -> str:
    """Return the model card with a front matter for the Hub."""
    from huggingface_hub import ModelCardData

    found = release.release
    targets = sorted({each.manifest.target for each in found.artifacts})
    data = ModelCardData(
        license=found.model.licence.lower() or None,
        library_name="dlconv",
        pipeline_tag="image-segmentation",
        tags=[*TAGS, *(TARGET_TAGS[target] for target in targets)],
        model_name=release.name,
        eval_results=list(evaluation(found)),
    )
    card = release.folder / CARD
    text = card.read_text("utf-8") if card.is_file() else f"# {release.name}\n"
    return f"---\n{data.to_yaml()}\n---\n\n{text}"


def evaluation(release: Release) -> "Iterator[EvalResult]":
    """Return the evidence as results of a model index."""
    for artifact in release.artifacts:
        for result in artifact.evidence:
            yield from _results(artifact.title, result)


def _results(title: str, result: Result) -> "Iterator[EvalResult]":
    from huggingface_hub import EvalResult

    runtime = f"{result.runtime.name} {result.runtime.backend}"
    photos = f"{len(result.photos)} photos"
    against_graph = {
        "accuracy": result.agreement.mean if result.agreement else None,
        "mean_iou": result.miou,
    }
    against_masks = {"mean_iou": result.truth.artifact_miou if result.truth else None}
    for dataset, metrics in (
        (f"labels of the frozen graph, {photos}", against_graph),
        (f"masks that people drew, {photos}", against_masks),
    ):
        for metric, value in metrics.items():
            if value is not None:
                yield EvalResult(
                    task_type="image-segmentation",
                    dataset_type="photos",
                    dataset_name=dataset,
                    dataset_config=f"{title}, {runtime}",
                    metric_type=metric,
                    metric_name=f"{metric} of {title} in {runtime}",
                    metric_value=value,
                )


def _tag(release: CheckedRelease) -> str:
    return f"v{release.version}"


def _library() -> Any:
    try:
        import huggingface_hub
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise DlconvError(
            "huggingface_hub is not installed, which hf: needs", "pip install 'dlconv[huggingface]'"
        ) from error
    disable_progress_bars()
    return huggingface_hub
