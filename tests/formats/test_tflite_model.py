import numpy as np
import pytest
from support.tflite_files import (
    ADD,
    CONV_2D,
    CUSTOM,
    FLOAT32,
    Parts,
    Table,
    integers,
    operator,
    tensor,
    with_constant,
)

from dlconv.errors import DlconvError
from dlconv.formats.tflite_file import load_tflite

X, W, Y = Parts().tensors


def loaded(parts, tmp_path, behind=b""):
    return load_tflite(parts.written(tmp_path / "model.tflite", behind))


def kinds(tmp_path, *codes, **options):
    operators = tuple(operator(place, (0, 1), (2,), **options) for place in range(len(codes)))
    (graph,) = loaded(Parts().but(codes=codes, operators=operators), tmp_path).subgraphs
    return [each.kind for each in graph.operators]


def code(number, **fields):
    return Table("OperatorCode", BuiltinCode=number, **fields)


def test_a_code_is_the_larger_of_the_byte_and_the_number(tmp_path):
    old = Table("OperatorCode", DeprecatedBuiltinCode=CONV_2D)
    new = Table("OperatorCode", DeprecatedBuiltinCode=127, BuiltinCode=150)
    assert kinds(tmp_path, old, new, code(CONV_2D), code(ADD)) == [
        "CONV_2D",
        "GELU",
        "CONV_2D",
        "ADD",
    ]


def test_custom_operators_are_named_and_unknown_ones_numbered(tmp_path):
    own = code(CUSTOM, CustomCode="FlexErf")
    assert kinds(tmp_path, own, code(9999)) == ["custom.FlexErf", "builtin 9999"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, "ADD"), (1, "ADD+RELU"), (3, "ADD+RELU6"), (77, "ADD+activation 77")],
)
def test_fused_activations_are_named(tmp_path, number, kind):
    options = Table("AddOptions", FusedActivationFunction=number)
    found = kinds(tmp_path, code(ADD), BuiltinOptionsType=11, BuiltinOptions=options)
    assert found == [kind]


@pytest.mark.parametrize("kind", [17, 255])
def test_options_without_an_activation_say_nothing(tmp_path, kind):
    options = Table("AddOptions", FusedActivationFunction=1)
    found = kinds(tmp_path, code(ADD), BuiltinOptionsType=kind, BuiltinOptions=options)
    assert found == ["ADD"]


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({}, (1, 2, 3)),
        ({"ShapeSignature": integers(1, -1, 3)}, (1, None, 3)),
        ({"Shape": integers(1, -1, 3)}, (1, None, 3)),
        ({"Shape": integers()}, ()),
        ({"Shape": integers(), "HasRank": False}, None),
    ],
)
def test_extents_that_vary_are_none(tmp_path, fields, shape):
    given = tensor("x", (1, 2, 3))
    given.fields.update(fields)
    (graph,) = loaded(Parts().but(tensors=(given, W, Y)), tmp_path).subgraphs
    assert graph.tensors[0].shape == shape


def test_inputs_may_be_left_out(tmp_path):
    (graph,) = loaded(Parts().but(operators=(operator(0, (0, -1), (2,)),)), tmp_path).subgraphs
    assert graph.operators[0].inputs == (0, -1)


def test_a_tensor_without_a_name_has_its_number(tmp_path):
    (graph,) = loaded(Parts().but(tensors=(X, W, tensor("", (1, 4)))), tmp_path).subgraphs
    assert graph.tensors[2].name == "tensor 2"


def signature(inputs, subgraph=0):
    maps = [Table("TensorMap", Name=name, TensorIndex=index) for name, index in inputs.items()]
    return Table("SignatureDef", Inputs=maps, SignatureKey="k", SubgraphIndex=subgraph)


def test_a_signature_names_tensors_and_several_do_not(tmp_path):
    one, other = signature({"photo": 0}), signature({"picture": 0})
    assert loaded(Parts().but(fields={"SignatureDefs": [one]}), tmp_path).names == {0: "photo"}
    assert loaded(Parts().but(fields={"SignatureDefs": [one, other]}), tmp_path).names == {}


def metadata(number):
    return {"Metadata": [Table("Metadata", Name="min_runtime_version", Buffer=number)]}


def test_the_oldest_runtime_is_in_the_metadata(tmp_path):
    parts = Parts().but(buffers=(*Parts().buffers, b"1.14.0\0\0"), fields=metadata(2))
    assert loaded(parts, tmp_path).min_runtime == "1.14.0"


def outside(start, size):
    return Parts().but(buffers=(b"", Table("Buffer", Offset=start, Size=size)))


def test_values_behind_the_flatbuffer_are_read(tmp_path):
    values = np.float32([4, 3, 2, 1])
    whole = outside(2**20, 16).written(tmp_path / "model.tflite").stat().st_size
    parts = outside(2**10, 16)
    behind = bytes(2**10 - whole) + values.tobytes()
    (graph,) = loaded(parts, tmp_path, behind).subgraphs
    assert graph.tensors[1].values.view(np.float32).tolist() == values.tolist()


@pytest.mark.parametrize(("start", "size"), [(2**20, 16), (2**63, 16), (2**10, 2**63), (8, 2**40)])
def test_values_outside_of_the_file_are_refused(tmp_path, start, size):
    with pytest.raises(DlconvError, match="it is truncated, or an offset points outside of it"):
        loaded(outside(start, size), tmp_path)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (Parts().but(version=2), "is of version 2 of LiteRT's schema, and only 3 is known"),
        (Parts().but(version=2**32 - 1), "is of version 4294967295 of"),
        (Parts().but(fields={"Subgraphs": []}), "is a .tflite file without a graph"),
        (Parts().but(operators=(operator(1, (0,), (2,)),)), "refers to an operator code"),
        (Parts().but(operators=(operator(0, (3,), (2,)),)), "refers to a tensor"),
        (Parts().but(operators=(operator(0, (-2,), (2,)),)), "refers to a tensor"),
        (Parts().but(operators=(operator(0, (0,), (-1,)),)), "refers to a tensor"),
        (Parts().but(tensors=(X, tensor("w", (1,), buffer=2), Y)), "w refers to a buffer"),
        (Parts().but(fields=metadata(9)), "its metadata refers to a buffer"),
        (Parts().but(fields={"SignatureDefs": [signature({"a": 3})]}), "signature .* a tensor"),
        (Parts().but(fields={"SignatureDefs": [signature({}, 1)]}), "signature .* a subgraph"),
        (with_constant(tensor("w", (3,), buffer=1), bytes(16)), "values of w do not match"),
        (with_constant(tensor("w", (2**31 - 1,) * 9, buffer=1), b"1"), "values of w do not match"),
        (with_constant(tensor("w", (-1, 4), buffer=1), bytes(16)), "w has an impossible shape"),
        (with_constant(tensor("w", (1,) * 33, buffer=1), bytes(4)), "w has an impossible shape"),
        (
            Parts().but(tensors=(tensor("x", (1, 2), ShapeSignature=integers(-1)), W, Y)),
            "x has an impossible shape",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, parts, message):
    with pytest.raises(DlconvError, match=message) as raised:
        loaded(parts, tmp_path)
    assert "\n" not in str(raised.value)


def test_a_constant_in_the_first_buffer_is_none(tmp_path):
    parts = Parts().but(tensors=(X, tensor("w", (1, 4), FLOAT32, 0), Y), buffers=(bytes(16),))
    (graph,) = loaded(parts, tmp_path).subgraphs
    assert graph.tensors[1].values is None
