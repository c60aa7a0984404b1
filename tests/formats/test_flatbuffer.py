import time

import numpy as np
import pytest
from support.tflite_files import OFFSET, Parts, Table, tensor, written
from tflite.Model import Model

from dlconv.errors import DlconvError
from dlconv.formats.flatbuffer import MOST_TABLES, Flatbuffer


@pytest.fixture
def content(tmp_path):
    return bytearray(Parts().written(tmp_path / "model.tflite").read_bytes())


def opened(content):
    file = Flatbuffer(bytes(content), "file")
    return file, file.root(Model)


def position_of(content, field):
    """Where the offset of a vector of the model is."""
    _, model = opened(content)
    return model._tab.Pos + model._tab.Offset({"Subgraphs": 8, "Description": 10}[field])


def put(content, position, number):
    content[position : position + 4] = np.array([number % 2**32], OFFSET).tobytes()


def vector_at(content, position):
    return position + int(np.frombuffer(content, OFFSET, 1, position)[0])


def test_tables_texts_and_numbers_are_read(content):
    file, model = opened(content)
    assert file.text(model, "Description") == "by hand"
    (graph,) = file.tables(model, "Subgraphs")
    tensors = list(file.tables(graph, "Tensors"))
    assert [file.text(each, "Name") for each in tensors] == ["x", "w", "y"]
    assert file.numbers(tensors[0], "Shape").tolist() == [1, 4]
    assert file.numbers(tensors[0], "ShapeSignature").size == 0
    assert file.table(tensors[0], "Quantization") is None
    data = file.numbers(list(file.tables(model, "Buffers"))[1], "Data")
    assert data.base is not None
    assert data.view(np.float32).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("offset", [2**31, 2**32 - 1, 10**6])
@pytest.mark.parametrize("field", ["Subgraphs", "Description"])
def test_an_offset_outside_of_the_file_is_refused(content, field, offset):
    put(content, position_of(content, field), offset)
    file, model = opened(content)
    with pytest.raises(DlconvError, match="file is damaged: it is truncated, or an offset points"):
        file.text(model, field) if field == "Description" else list(file.tables(model, field))


@pytest.mark.parametrize("root", [2**31, 2**32 - 1, 10**6])
def test_a_root_outside_of_the_file_is_refused(content, root):
    put(content, 0, root)
    with pytest.raises(DlconvError, match="an offset points outside of it"):
        opened(content)


@pytest.mark.parametrize("length", [2**31, 2**32 - 1, 10**4])
@pytest.mark.parametrize("field", ["Subgraphs", "Description"])
def test_a_vector_of_gigabytes_is_refused(content, field, length):
    put(content, vector_at(content, position_of(content, field)), length)
    file, model = opened(content)
    with pytest.raises(DlconvError, match="file is damaged"):
        file.text(model, field) if field == "Description" else list(file.tables(model, field))


def test_numbers_beyond_the_file_are_refused(content):
    file, model = opened(content)
    (graph,) = file.tables(model, "Subgraphs")
    put(content, vector_at(content, graph._tab.Pos + graph._tab.Offset(6)), 2**31)
    file, model = opened(content)
    (graph,) = file.tables(model, "Subgraphs")
    with pytest.raises(DlconvError, match="file is damaged"):
        file.numbers(graph, "Inputs")


@pytest.mark.parametrize("size", [0, 3, 7, 0xFFFF])
def test_a_table_without_fields_that_can_be_is_refused(content, size):
    _, model = opened(content)
    content[model._tab._vtable : model._tab._vtable + 2] = size.to_bytes(2, "little")
    with pytest.raises(DlconvError, match="file is damaged"):
        opened(content)


def test_a_field_outside_of_its_table_is_refused(content):
    _, model = opened(content)
    place = model._tab._vtable + 8
    content[place : place + 2] = (2**15).to_bytes(2, "little")
    file, model = opened(content)
    with pytest.raises(DlconvError, match="a field lies outside of its table"):
        list(file.tables(model, "Subgraphs"))


def test_tables_that_are_reached_again_and_again_end(tmp_path):
    fields = {**Parts().but(tensors=(tensor("x", (1,)),) * 500).model().fields}
    # What is built last lies first, and offsets go forward only.
    fields["Metadata"] = [Table("Metadata") for _ in range(1000)]
    content = bytearray(written(Table("Model", **fields), tmp_path / "shared").read_bytes())
    _, model = opened(content)
    many = vector_at(content, model._tab.Pos + model._tab.Offset(16))
    one = vector_at(content, position_of(content, "Subgraphs"))
    graph = vector_at(content, one + 4)
    for place in range(many + 4, many + 4004, 4):
        put(content, place, graph - place)
    put(content, position_of(content, "Subgraphs"), many - position_of(content, "Subgraphs"))
    file, model = opened(content)
    started = time.process_time()
    with pytest.raises(DlconvError, match="it says that it holds more than its bytes"):
        for graph in file.tables(model, "Subgraphs"):
            for each in file.tables(graph, "Tensors"):
                file.text(each, "Name")
    assert time.process_time() - started < 1


def test_more_tables_than_litert_reads_are_refused():
    file = Flatbuffer(bytes(10 * MOST_TABLES), "file")
    with pytest.raises(DlconvError, match="has more than 1,000,000 tables"):
        for _ in range(MOST_TABLES + 1):
            file.spend_table()


def test_text_that_is_not_utf_8_is_refused(content):
    place = bytes(content).index(b"by hand")
    content[place] = 0xFF
    file, model = opened(content)
    with pytest.raises(DlconvError, match="file has names that are not UTF-8"):
        file.text(model, "Description")
