import gzip
import io
import json
import tarfile

import pytest
from support.graphs import tiny_segmenter

from dlconv.formats.kinds import HEAD_BYTES, kind_of


def tarball():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("frozen_inference_graph.pb"))
    return content.getvalue()


def onnx_model():
    import onnx
    from onnx import helper

    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    return helper.make_model(graph, producer_name="tests").SerializeToString()


KINDS = {
    "empty": b"",
    "HTML page": b"\n<!DOCTYPE html>\n<html>404</html>",
    "pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n",
    "gzip, probably a tarball": gzip.compress(tarball()),
    "a tarball": tarball(),
    "JSON": json.dumps({"modelTopology": {}}).encode(),
    "an ONNX model": onnx_model(),
    "a LiteRT model": b"\x1c\0\0\0TFL3",
    "a SavedModel": b"\x08\x01\x12\x05\x0a\x03\x0a\x01\x31",
    "a GraphDef as text": b'node {\n  name: "x"\n}',
    "a ZIP file": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_told_by_its_first_bytes(name):
    kind = kind_of(KINDS[name][:HEAD_BYTES])
    assert name in kind.name
    assert kind.hint


def test_a_graph_is_of_no_other_kind():
    assert kind_of(tiny_segmenter().SerializeToString()[:HEAD_BYTES]) is None
