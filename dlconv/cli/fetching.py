"""Fetching a model with its progress shown, which ``dlconv fetch`` and ``run`` do."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlconv.cache.store import FetchedModel


def fetch_model(name: str | None, **options: Any) -> "FetchedModel":
    """Fetch a model, by default the default one; ``options`` are those of ``api.fetch``."""
    from dlconv import api
    from dlconv.terminal import console
    from dlconv.terminal.progress import show_progress

    name = name or api.DEFAULT_MODEL
    with show_progress(name) as progress:
        return api.fetch(name, progress=progress, say=console.say, **options)
