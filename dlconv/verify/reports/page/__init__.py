"""Results as one HTML page: a table, size against mIoU, and photos with their labels to compare.

The page contains its style, script and pictures and requests nothing from any server, which its
Content-Security-Policy enforces. ``page.js`` draws it from the JSON report and the pictures.
"""

import base64
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from dlconv.terminal.printable import printable
from dlconv.verify.document import as_data, class_name
from dlconv.verify.reports.pictures import Pictures
from dlconv.verify.reports.text import remarks, said_of_photos
from dlconv.verify.result import ArtifactResult


def as_html(results: Iterable[ArtifactResult]) -> str:
    """Return the page."""
    listed = list(results)
    content = as_data(listed)
    content["said_of_photos"] = said_of_photos(listed)
    for row, result in zip(content["results"], listed, strict=True):
        row["remarks"] = list(remarks(result))
        row["photos"] = [
            {**said, "pictures": _pictures(photo.pictures, result.artifact.manifest.classes)}
            for said, photo in zip(row["photos"], result.photos, strict=True)
            if photo.pictures is not None
        ]
    data = json.dumps(_shown(content), separators=(",", ":")).replace("<", "\\u003c")
    parts = {name: _text(name) for name in ("page.html", "page.css", "page.js")}
    return (
        parts["page.html"]
        .replace("/* style */", parts["page.css"])
        .replace("/* script */", parts["page.js"])
        .replace("/* data */", data)
    )


def _shown(content: Any) -> Any:
    """Return data with all texts printable."""
    if isinstance(content, str):
        return printable(content)
    if isinstance(content, dict):
        return {key: _shown(value) for key, value in content.items()}
    return list(map(_shown, content)) if isinstance(content, list) else content


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _pictures(pictures: Pictures, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "photo": _uri("image/jpeg", pictures.photo),
        "reference": _uri("image/png", pictures.reference),
        "labels": _uri("image/png", pictures.labels),
        "difference": _uri("image/png", pictures.difference),
        "classes": [
            {"name": class_name(k, names), "colour": "#{:02x}{:02x}{:02x}".format(*colour)}
            for k, colour in zip(pictures.classes, pictures.colours, strict=True)
        ],
    }


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
