"""The model card of a release: what the model is and may be used for, how right and fast it is.

It is Markdown for people who have never heard of dlconv, made of what ``release.json`` says and of
nothing else, so that the same release gives the same card.
"""

import shlex
import string
from collections.abc import Iterator, Sequence

from dlconv.release.document import Model, Release, Released
from dlconv.release.snippets import snippets
from dlconv.terminal.markdown import escaped, link, shell, table
from dlconv.verify.document import Photo, Result
from dlconv.verify.reports.text import megabytes, percent

TARGETS = {"tfjs": "TensorFlow.js", "onnx": "ONNX", "litert": "LiteRT"}
CARD_NAME = "README.md"
MOST_CLASSES_NAMED = 6
MOST_PHOTOS = 5


def card(release: Release) -> str:
    """Return the card."""
    sections = {
        f"# {escaped(release.name)} {escaped(release.version)}": _introduction(release),
        "## What it may be used for": _terms(release.model),
        "## Artifacts": _artifacts(release),
        "## Loading it": _loading(release),
        "## Input and output": _contracts(release),
        "## How it was verified": _verification(release),
        "## How it was made": _making(release),
        "## Limits": _limits(release),
        "## Classes": _classes(release.model),
    }
    blocks = [block for title, content in sections.items() for block in (title, *content)]
    return "\n\n".join(blocks) + "\n"


def _introduction(release: Release) -> Iterator[str]:
    found = {each.manifest.target for each in release.artifacts}
    targets = " and ".join(name for target, name in TARGETS.items() if target in found)
    yield (
        "This network segments photos: it says for each pixel which of "
        f"{_kinds(release.model.classes)} is there. It was made with TensorFlow 1.x; dlconv "
        f"converted its frozen graph to {targets}, and compared the labels that the converted "
        "files give with those of the frozen graph, pixel by pixel."
    )
    if release.model.note:
        yield _said(release.model.note)


def _said(text: str) -> str:
    """Return what a registry says, whose addresses are links."""
    return escaped(text, with_links=True)


def _kinds(classes: Sequence[str]) -> str:
    if not classes:
        return "its classes"
    named = ", ".join(map(escaped, classes[:MOST_CLASSES_NAMED]))
    more = len(classes) - MOST_CLASSES_NAMED
    return f"{len(classes)} classes ({named}{f' and {more} more' if more > 0 else ''})"


def _terms(model: Model) -> Iterator[str]:
    licence = _said(model.licence) or "unknown; ask those who trained it before you pass it on"
    data = _said(model.dataset) or "unknown data"
    terms = f" {_said(model.dataset_terms)}" if model.dataset_terms else ""
    yield f"- Licence of the weights: {licence}.\n- Trained on: {data}.{terms}"
    yield "A licence of the weights does not speak for those who made the photos it learned from."


def _artifacts(release: Release) -> Iterator[str]:
    columns = ("artifact", "for", "weights", "size", "runtime", "agreement", "worst photo")
    numbers = ("size", "agreement", "worst photo", "mIoU", "ms")
    rows = [_row(each, result) for each in release.artifacts for result in each.evidence]
    yield table((*columns, "mIoU", "ms", "result"), rows, numbers)
    yield (
        "Agreement is the share of pixels whose label is the frozen graph's: the mean over the "
        "photos, and the worst of them. mIoU is the mean over classes of intersection over union "
        "with the frozen graph's labels, ms the median time for a photo on the machine that "
        "verified it."
    )


def _row(artifact: Released, result: Result) -> list[str]:
    manifest, agreement = artifact.manifest, result.agreement
    return [
        link(artifact.path, f"{artifact.path}/"),
        TARGETS.get(manifest.target, escaped(manifest.target)),
        escaped(result.precision),
        megabytes(result.bytes),
        _place(result),
        "" if agreement is None else percent(agreement.mean),
        "" if agreement is None else percent(agreement.worst),
        "" if result.miou is None else f"{result.miou:.3f}",
        "" if result.ms_median is None else f"{result.ms_median:,.0f}",
        "passed" if result.passed else "**failed**",
    ]


def _place(result: Result) -> str:
    return escaped(f"{result.runtime.name} {result.runtime.backend}")


def _loading(release: Release) -> Iterator[str]:
    yield "The code runs in the folder of this file, or in a page served from it."
    for snippet in snippets(release):
        yield f"### {snippet.title}"
        yield f"```sh\n{snippet.install}\n```"
        yield f"```{snippet.language}\n{snippet.code}\n```"


def _contracts(release: Release) -> Iterator[str]:
    columns = ("artifact", "input", "output", "photos have to fit")
    yield table(columns, map(_contract_row, release.artifacts))
    yield (
        "The input is one RGB photo, rows before columns, colours last, values from 0 to 255. "
        "Resize it so that it just fits: a smaller or larger copy gets other labels."
    )
    if any(
        None not in (each.manifest.contract.input.shape or [None]) for each in release.artifacts
    ):
        yield (
            "An input of one size takes the photo in its upper left corner; fill the rest with "
            "127.5, or 128 where it is uint8."
        )
    yield (
        "The output has a label for each pixel, an index into the classes below; where it is "
        "float32, a score for each class, of which the largest decides. TensorFlow.js holds all "
        "integers as int32."
    )


def _contract_row(artifact: Released) -> list[str]:
    contract = artifact.manifest.contract
    tensors = [
        f"{each.tensor} {each.dtype} {_extents(each.shape)}"
        for each in (contract.input, contract.output)
    ]
    crop = "any size" if contract.crop is None else "{} x {}".format(*contract.crop)
    return [*map(escaped, [artifact.path, *tensors]), crop]


def _extents(shape: Sequence[int | None] | None) -> str:
    return "" if shape is None else f"[{', '.join(str(extent or '?') for extent in shape)}]"


def _verification(release: Release) -> Iterator[str]:
    yield (
        "Every photo was resized to fit and went, as the same pixels, through the frozen graph in "
        "TensorFlow and through each artifact in a real runtime. An artifact is in this release "
        "only because it reached all of its floors with exactly these bytes."
    )
    columns = ("artifact", "runtime", "versions", "photos", "floor: agreement", "worst", "mIoU")
    yield table(
        columns,
        [_floors(each, result) for each in release.artifacts for result in each.evidence],
        ("photos", "floor: agreement", "worst", "mIoU"),
    )
    yield from _worst_photos(release)
    yield (
        "`sha256sum --check SHA256SUMS` in this folder checks that no file has changed, `dlconv "
        "check .` that all of the above is true of these files; `release.json` has all numbers."
    )


def _floors(artifact: Released, result: Result) -> list[str]:
    floors = result.floors
    return [
        escaped(artifact.path),
        _place(result),
        escaped(", ".join(f"{name} {value}" for name, value in result.runtime.versions.items())),
        f"{len(result.photos):,}",
        *("" if each is None else f"{each:g}" for each in (floors.agreement, floors.worst)),
        "" if floors.miou is None else f"{floors.miou:g}",
    ]


def _worst_photos(release: Release) -> Iterator[str]:
    found = [
        (photo, artifact, result)
        for artifact in release.artifacts
        for result in artifact.evidence
        for photo in result.photos
        if photo.differing_pixels
    ]
    if not found:
        yield "No label of any photo differs."
        return
    worst = sorted(found, key=lambda each: each[0].agreement)[:MOST_PHOTOS]
    yield "The worst photos:"
    yield table(
        ("photo", "artifact", "runtime", "agreement", "differing pixels", "where it was sure"),
        [
            [
                escaped(photo.photo),
                escaped(artifact.path),
                _place(result),
                percent(photo.agreement),
                f"{photo.differing_pixels:,}",
                _sure(photo),
            ]
            for photo, artifact, result in worst
        ],
        ("agreement", "differing pixels", "where it was sure"),
    )
    yield (
        "Where the frozen graph was sure, its best class led by a score of 1 or more: only these "
        "pixels are real mismatches, the others are ties and borders."
    )


def _sure(photo: Photo) -> str:
    return "" if photo.margins is None else f"{photo.margins.sure:,}"


def _making(release: Release) -> Iterator[str]:
    model = release.model
    facts = [f"Frozen graph: {model.graph_bytes:,} bytes, SHA-256 `{model.graph_sha256}`"]
    if model.url is not None:
        facts.append(f"Its tarball: {_said(model.url)}{_digests(model)}")
    versions = {
        f"{name} {version}"
        for each in release.artifacts
        for name, version in each.manifest.versions.items()
    }
    facts.append(f"Converted by {escaped(', '.join(sorted(versions)))}")
    yield "\n".join(f"- {fact}." for fact in facts)
    yield shell(_commands(release))
    if any(each.manifest.calibration is not None for each in release.artifacts):
        yield "Each `manifest.json` names the images that quantizing looked at by their digest."


def _digests(model: Model) -> str:
    digests = model.tarball_digests.items()
    return "".join(f", {escaped(kind)} `{_hex(digest)}`" for kind, digest in digests)


def _hex(digest: str) -> str:
    return "".join(each for each in digest if each in string.hexdigits)


def _commands(release: Release) -> Iterator[list[str]]:
    if release.model.url is not None:
        yield ["dlconv", "fetch", release.model.name]
    yield from (_words(each.command) for each in release.artifacts)
    yield ["dlconv", "verify", "--images", "PHOTOS"]
    yield ["dlconv", "pack", "--version", release.version]


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return [command]


def _limits(release: Release) -> Iterator[str]:
    artifacts = release.artifacts
    limits = [
        "What was measured is that the files label photos as the frozen graph does, on the photos "
        "named in `release.json`; not how often the frozen graph is right.",
        *_truths(release),
    ]
    if any(each.manifest.precision != "float32" for each in artifacts):
        limits.append(
            "Weights of fewer bits than float32 change some labels, most at the borders of things; "
            "photos unlike those above may lose more."
        )
    others = [escaped(each.path) for each in artifacts if not each.manifest.same_function]
    if others:
        limits.append(
            f"Of another resolution than the frozen graph, which is another function of the photo, "
            f"faster and with other labels: {', '.join(others)}."
        )
    limits += [
        "WebGL on phones may compute with halves, which moves labels: check there before you rely "
        "on it.",
        "It knows its classes only, and gives every pixel one of them.",
    ]
    yield "\n".join(f"- {limit}" for limit in limits)


def _truths(release: Release) -> Iterator[str]:
    for artifact in release.artifacts:
        for result in artifact.evidence:
            truth = result.truth
            if truth is not None:
                yield (
                    f"Against masks that people drew of {truth.photos:,} photos, the mIoU of "
                    f"{escaped(artifact.path)} in {_place(result)} is {truth.artifact_miou:.3f}, "
                    f"the frozen graph's {truth.reference_miou:.3f}."
                )


def _classes(model: Model) -> Iterator[str]:
    if not model.classes:
        yield "Their names are not known."
        return
    rows = [
        [str(label), escaped(name), "".join(map(_colour, model.colours[label : label + 1]))]
        for label, name in enumerate(model.classes)
    ]
    yield table(("label", "class", "colour"), rows, ("label",))


def _colour(colour: tuple[int, int, int]) -> str:
    return "`#{:02x}{:02x}{:02x}`".format(*colour)
