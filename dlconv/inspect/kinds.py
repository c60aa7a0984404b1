"""What a file is that is no frozen graph, told by its first bytes.

People pass what they have: the page that a download gave them, a pointer of Git LFS, the tarball,
another format under the name of a frozen graph. A serialized GraphDef begins with a node.
"""

from dataclasses import dataclass

HEAD_BYTES = 512
TAR_MAGIC = slice(257, 262)

_CONVERTED = "dlconv reads frozen graphs: a *frozen_inference_graph.pb"
_UNPACK = "fetch it with dlconv fetch, or unpack it and give the *frozen_inference_graph.pb in it"
_AGAIN = "download the file itself, with curl -fL for one"


@dataclass(frozen=True)
class Kind:
    """What a file is, after "is", and what to do about it."""

    name: str
    hint: str = _CONVERTED


EMPTY = Kind("empty", "download or export it again")
_TARBALL = Kind("a tarball, not a frozen graph", _UNPACK)
_PAGE = Kind("an HTML page, not a frozen graph", _AGAIN)
_SAVED_MODEL = Kind(
    "a SavedModel, not a frozen graph", "freeze it: convert_variables_to_constants_v2"
)
_ONNX = Kind("an ONNX model, not a frozen graph")

_STARTS = {
    b"version https://git-lfs.github.com/spec/": Kind(
        "a pointer of Git LFS, not the file that it stands for", "run: git lfs pull"
    ),
    b"\x1f\x8b": Kind("compressed with gzip, probably a tarball, and not a frozen graph", _UNPACK),
    b"BZh": Kind("compressed with bzip2, not a frozen graph", _UNPACK),
    b"\xfd7zXZ\x00": Kind("compressed with xz, not a frozen graph", _UNPACK),
    b"PK\x03\x04": Kind("a ZIP file, not a frozen graph", "unpack it"),
    b"\x89HDF": Kind("an HDF5 file (Keras), not a frozen graph"),
    b"\x89PNG": Kind("a picture, not a frozen graph"),
    b"\xff\xd8\xff": Kind("a picture, not a frozen graph"),
}
# Fields of a ModelProto that may follow the version of its format.
_ONNX_FIELDS = b"\x12\x1a\x22\x28\x32\x3a\x42"


def kind_of(head: bytes) -> Kind | None:
    """Tell what a file is by its first ``HEAD_BYTES`` bytes; None if it may be a GraphDef."""
    if not head:
        return EMPTY
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    if head[TAR_MAGIC] == b"ustar":
        return _TARBALL
    if head[4:8] == b"TFL3":
        return Kind("a TensorFlow Lite model, not a frozen graph")
    if head[:3] == b"\x08\x01\x12":
        return _SAVED_MODEL
    if head[:1] == b"\x08" and head[2:3] in {bytes([field]) for field in _ONNX_FIELDS}:
        return _ONNX
    return _kind_of_text(head.removeprefix(b"\xef\xbb\xbf").lstrip().lower())


def _kind_of_text(head: bytes) -> Kind | None:
    if head.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--", b"<body")):
        return _PAGE
    if head.startswith((b"{", b"[")):
        return Kind("JSON, not a frozen graph")
    if head.startswith((b"node {", b"node{")):
        return Kind("a GraphDef as text (.pbtxt), not a binary one")
    return None
