"""The command that makes an artifact, written from its manifest."""

import shlex
from typing import Any

from dlconv.artifacts.manifest import Manifest


def command_of(manifest: Manifest) -> str:
    """Return the command line for a terminal; photos to calibrate on have to be put in."""
    options = manifest.options
    if options.get("upgraded"):
        return "dlconv upgrade DIR"
    parts = [
        "dlconv",
        manifest.target,
        manifest.source.model,
        *_choices(manifest.converter, options),
    ]
    return shlex.join(parts)


def _choices(converter: str, options: Any) -> list[str]:
    size, floors = options.get("input_size"), options.get("floors")
    floors = floors if isinstance(floors, dict) else {}
    output = options.get("output", "labels")
    chosen = {
        "--quantize": options.get("quantize", "0"),
        "--input-size": "x".join(map(str, size)) if size else None,
        "--input": options.get("input_dtype"),
        "--output": None if output == "labels" else output,
        "--output-type": options.get("output_dtype"),
        "--opset": options.get("opset"),
        "--converter": converter if converter == "tensorflowjs" else None,
        "--floor-agreement": floors.get("agreement"),
        "--floor-worst": floors.get("worst"),
        "--floor-miou": floors.get("miou"),
    }
    words = [
        word for name, value in chosen.items() if _is_said(value) for word in (name, str(value))
    ]
    if options.get("per_channel"):
        words.append("--per-channel")
    if (options.get("calibration") or {}).get("images") == "photos":
        words += ["--calibrate", "PHOTOS"]
    return words if options.get("rewrite", True) else [*words, "--no-rewrite"]


def _is_said(value: Any) -> bool:
    return value is not None and value != "0"
