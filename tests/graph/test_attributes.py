import numpy as np
import pytest
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.attributes import attribute_value

LIST = AttrValue.ListValue


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (True, AttrValue(b=True)),
        (3, AttrValue(i=3)),
        (np.int64(3), AttrValue(i=3)),
        (0.5, AttrValue(f=0.5)),
        ("SAME", AttrValue(s=b"SAME")),
        (b"SAME", AttrValue(s=b"SAME")),
        (np.float16, AttrValue(type=DataType.DT_HALF)),
        (np.dtype("uint8"), AttrValue(type=DataType.DT_UINT8)),
        ([], AttrValue(list=LIST())),
        ((1, 2), AttrValue(list=LIST(i=[1, 2]))),
        ([0.5, 2.0], AttrValue(list=LIST(f=[0.5, 2]))),
        (["BiasAdd", "Relu"], AttrValue(list=LIST(s=[b"BiasAdd", b"Relu"]))),
        ([np.dtype("bool")], AttrValue(list=LIST(type=[DataType.DT_BOOL]))),
        (AttrValue(i=7), AttrValue(i=7)),
    ],
)
def test_a_value_becomes_an_attribute_of_its_type(value, attribute):
    assert attribute_value(value) == attribute
