"""Results as one HTML page: a table, size against mIoU, and photos with their labels to compare.

The page holds everything, style, script and pictures, and asks no server for anything; a
Content-Security-Policy in it says so. ``page.js`` draws it from the JSON report and the pictures.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from dlconv.verify.harness import ArtifactResult, PhotoResult
from dlconv.verify.pictures import Colour
from dlconv.verify.report import as_data


def as_html(results: Iterable[ArtifactResult], colours: Mapping[str, Sequence[Colour]]) -> str:
    """Return the page. ``colours`` has those of each model's classes."""
    listed = list(results)
    content = as_data(listed)
    for row, result in zip(content["results"], listed, strict=True):
        row["title"] = result.artifact.title
        shown = {photo.photo: _pictures(photo, result, colours) for photo in result.photos}
        row["pictures"] = {name: value for name, value in shown.items() if value is not None}
    data = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    parts = {name: _text(name) for name in ("page.html", "page.css", "page.js")}
    return (
        parts["page.html"]
        .replace("/* style */", parts["page.css"])
        .replace("/* script */", parts["page.js"])
        .replace("/* data */", data)
    )


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _pictures(
    photo: PhotoResult, result: ArtifactResult, colours: Mapping[str, Sequence[Colour]]
) -> dict[str, Any] | None:
    if photo.pictures is None:
        return None
    manifest = result.artifact.manifest
    palette = colours[manifest.source.model]
    names = manifest.classes
    return {
        "photo": _uri("image/jpeg", photo.pictures.photo),
        "reference": _uri("image/png", photo.pictures.reference),
        "labels": _uri("image/png", photo.pictures.labels),
        "difference": _uri("image/png", photo.pictures.difference),
        "classes": [
            {
                "name": names[k] if k < len(names) else str(k),
                "colour": "#{:02x}{:02x}{:02x}".format(*palette[k]),
            }
            for k in photo.pictures.classes
        ],
    }


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
