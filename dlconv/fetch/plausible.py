"""Checking whether bytes can be a frozen graph, without parsing them.

A serialized GraphDef is a sequence of fields, each with its number, its type and its length, and
among them a node. The content of the fields is skipped: that takes no memory, however large the
graph is, and finds files that are truncated, empty, of another format, or without a node.
"""

import os
from typing import BinaryIO

from dlconv.formats.kinds import HEAD_BYTES, kind_of

NODE = 1
# Wire types of protocol buffers: varints, length-delimited fields, and numbers of fixed size.
VARINT, BYTES = 0, 2
FIXED_BYTES = {1: 8, 5: 4}
MOST_VARINT_BYTES = 10
# No known graph has a million nodes; hostile files would take minutes.
MOST_FIELDS = 1_000_000


def complaint_about_graph(file: BinaryIO) -> str:
    """Return why a file does not hold a GraphDef, in a few words, or "" if it may hold one."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    kind = kind_of(file.read(HEAD_BYTES))
    if kind is not None:
        return f"is {kind.name}"
    file.seek(0)
    has_node = False
    try:
        for _ in range(MOST_FIELDS):
            if file.tell() >= end:
                break
            tag = _varint(file)
            length = _length(file, tag & 7)
            has_node = has_node or (tag == NODE << 3 | BYTES and length > 0)
            if length > end - file.tell():
                raise ValueError
            file.seek(length, os.SEEK_CUR)
        else:
            return f"has more than {MOST_FIELDS:,} parts, which no graph has"
    except ValueError:
        return "is not a GraphDef, or it is truncated"
    return "" if has_node else "holds no graph"


def _length(file: BinaryIO, kind: int) -> int:
    """Return how many bytes of a field are left; a varint is read on the way."""
    if kind == BYTES:
        return _varint(file)
    if kind == VARINT:
        _varint(file)
        return 0
    if kind not in FIXED_BYTES:
        raise ValueError
    return FIXED_BYTES[kind]


def _varint(file: BinaryIO) -> int:
    value = 0
    for place in range(MOST_VARINT_BYTES):
        (byte,) = file.read(1)
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value
    raise ValueError
