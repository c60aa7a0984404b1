"""Recognizing files that are not what they should be, by their first bytes.

People pass what they have: the HTML page that a download gave them, a pointer of Git LFS, the
tarball, another format under the name of a frozen graph. A serialized GraphDef begins with a node.
"""

from dataclasses import dataclass

from dlconv.errors import DlconvError

HEAD_BYTES = 512
TAR_MAGIC = slice(257, 262)
TFLITE_IDENTIFIER = slice(4, 8)
TFLITE_MAGIC = b"TFL3"

_CONVERTED = "dlconv reads frozen graphs: a *frozen_inference_graph.pb"
_UNPACK = "fetch it with dlconv fetch, or unpack it and give the *frozen_inference_graph.pb in it"
_AGAIN = "download the file itself, with curl -fL for one"


@dataclass(frozen=True)
class Kind:
    """What a file is, after "it is", and what to do about it where a frozen graph is wanted."""

    name: str
    hint: str = _CONVERTED


_EMPTY = Kind("empty", "download or export it again")
_TARBALL = Kind("a tarball", _UNPACK)
_PAGE = Kind("an HTML page", _AGAIN)
_SAVED_MODEL = Kind("a SavedModel", "freeze it: convert_variables_to_constants_v2")
ONNX = Kind("an ONNX model")
TFLITE = Kind("a LiteRT model (.tflite)")
JSON = Kind("JSON")

_STARTS = {
    b"version https://git-lfs.github.com/spec/": Kind("a pointer of Git LFS", "run: git lfs pull"),
    b"\x1f\x8b": Kind("compressed with gzip, probably a tarball", _UNPACK),
    b"BZh": Kind("compressed with bzip2", _UNPACK),
    b"\xfd7zXZ\x00": Kind("compressed with xz", _UNPACK),
    b"PK\x03\x04": Kind("a ZIP file", "unpack it"),
    b"\x89HDF": Kind("an HDF5 file (Keras)"),
    b"\x89PNG": Kind("a picture"),
    b"\xff\xd8\xff": Kind("a picture"),
}
# Fields of a ModelProto that may follow the version of its format.
_ONNX_FIELDS = b"\x12\x1a\x22\x28\x32\x3a\x42"


def kind_of(head: bytes) -> Kind | None:
    """Tell what a file is by its first ``HEAD_BYTES`` bytes; None if it may be a GraphDef."""
    if not head:
        return _EMPTY
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    if head[TAR_MAGIC] == b"ustar":
        return _TARBALL
    if head[TFLITE_IDENTIFIER] == TFLITE_MAGIC:
        return TFLITE
    if head[:3] == b"\x08\x01\x12":
        return _SAVED_MODEL
    if head[:1] == b"\x08" and head[2:3] in {bytes([field]) for field in _ONNX_FIELDS}:
        return ONNX
    return _kind_of_text(head.removeprefix(b"\xef\xbb\xbf").lstrip().lower())


def refuse_other_kinds(head: bytes, name: str, wanted: str, own: Kind | None = None) -> None:
    """Raise DlconvError if a file, which errors call ``name``, is of another kind than its own."""
    kind = kind_of(head)
    if kind is not None and kind is not own:
        raise DlconvError(f"{name} is {kind.name}, not {wanted}", kind.hint)


def _kind_of_text(head: bytes) -> Kind | None:
    if head.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--", b"<body")):
        return _PAGE
    if head.startswith((b"{", b"[")):
        return JSON
    if head.startswith((b"node {", b"node{")):
        return Kind("a GraphDef as text (.pbtxt)")
    return None
