import pytest

from dlconv.artifacts.manifest import PrecisionName
from dlconv.convert.quantize.scheme import (
    NOT_QUANTIZED,
    ONNX_SCHEMES,
    TFJS_SCHEMES,
    Quantization,
    Scheme,
    scheme_for,
)
from dlconv.errors import UsageError
from dlconv.floors import Floors


def test_options_of_the_command_line():
    options = {
        "0": "float32",
        "1": "uint8",
        "2": "uint16",
        "f16": "float16",
        "auto": "auto",
        "plain1": "uint8",
    }
    for option, precision in options.items():
        assert scheme_for(option, TFJS_SCHEMES).precision == precision
    assert {scheme_for(option, ONNX_SCHEMES).precision for option in ("1", "static")} == {"uint8"}


@pytest.mark.parametrize(
    ("option", "known", "names"),
    [
        ("8", TFJS_SCHEMES, "0, 1, 2, f16, auto, plain1"),
        ("static", TFJS_SCHEMES, "0, 1, 2, f16, auto, plain1"),
        ("2", ONNX_SCHEMES, "0, 1, f16, auto, static"),
        ("", ONNX_SCHEMES, "0, 1, f16, auto, static"),
    ],
)
def test_what_a_target_does_not_take_is_wrong_usage(option, known, names):
    with pytest.raises(UsageError) as raised:
        scheme_for(option, known)
    assert str(raised.value) == f"--quantize takes one of {names}, not {option!r}"


def test_every_scheme_is_a_precision_that_a_manifest_takes():
    assert {scheme.precision for scheme in Scheme} <= set(PrecisionName.__args__)
    assert {*TFJS_SCHEMES, *ONNX_SCHEMES} == set(Scheme)


def test_some_schemes_look_at_images():
    calibrated = {scheme for scheme in Scheme if scheme.is_calibrated}
    assert calibrated == {Scheme.UINT8, Scheme.AUTO, Scheme.STATIC}


def test_no_two_quantizations_have_one_name():
    every = [Quantization(scheme) for scheme in Scheme]
    every.append(Quantization(Scheme.UINT8, per_channel=True))
    names = [quantization.name for quantization in every]
    assert len(set(names)) == len(names)
    assert names[0] == NOT_QUANTIZED.name == "float32"
    assert names[-1] == "uint8-per-channel"


def test_auto_has_to_reach_an_agreement_unless_more_is_asked_for():
    assert Quantization(Scheme.AUTO).floors == Floors(agreement=0.99, worst=None, miou=None)
