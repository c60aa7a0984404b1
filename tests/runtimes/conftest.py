import pytest


@pytest.fixture(scope="session")
def labelling_files(tmp_path_factory):
    """By the type of their inputs: one of fixed size that takes floats, one of any size, uint8."""
    from support.tensorflow_lite import labelling

    folder = tmp_path_factory.mktemp("tflite")
    return {
        "float32": labelling(folder / "fixed.tflite", [1, 9, 7, 3], "float32"),
        "uint8": labelling(folder / "free.tflite", [1, None, None, 3], "uint8"),
    }
