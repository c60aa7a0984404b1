"""What dlconv.toml may say, and what is said about its slips."""

import pytest

from dlconv.errors import DlconvError, UsageError
from dlconv.plan.config import CONFIG_NAME, TEMPLATE, find_config, read_config, write_template
from dlconv.plan.steps import plan
from dlconv.plan.tasks import Access
from dlconv.registry.models import load_registry


@pytest.fixture
def config(tmp_path):
    path = tmp_path / CONFIG_NAME

    def write(text):
        path.write_text(text)
        return path

    return write


def test_defaults_hold_for_models_that_do_not_say_otherwise(config):
    path = config(
        '[defaults]\ntargets = ["tfjs"]\nprecisions = ["uint8"]\nphotos = ["a"]\n'
        '[models.one]\n[models.two]\nprecisions = ["float32"]\ninput_sizes = ["any", 257, "8x9"]\n'
    )
    models = read_config(path).models
    assert models["one"].targets == models["two"].targets == ("tfjs",)
    assert models["one"].precisions == ("uint8",)
    assert models["two"].precisions == ("float32",)
    assert models["two"].input_sizes == (None, (257, 257), (8, 9))
    assert [str(path) for path in models["two"].photos] == ["a"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "models: Field required"),
        ("[models]", "models: Dictionary should have at least 1 item"),
        ("[modles.sample]", "there is no key 'modles'; did you mean models?"),
        ("[models.sample]\nprecision = 1", "[models.sample]: there is no key 'precision'; did you"),
        (
            '[models.sample]\ntargets = ["tflite"]',
            "[models.sample]: targets.0: Input should be 'tfjs', 'onnx' or 'litert'",
        ),
        ("[models.sample]\ntargets = []", "[models.sample]: targets: Tuple should have at least 1"),
        (
            '[models.sample]\nprecisions = ["uint4"]',
            "precisions.0: takes float32, uint8, uint16, float16, auto, plain1, int8, static, not",
        ),
        ("[models.sample]\nprecisions = [true]", "precisions.0: takes float32, uint8"),
        ("[models.sample]\ninput_sizes = [0.5]", 'input_sizes.0: takes "any", a number of pix'),
        ('[models.sample]\nruntimes = ["node"]', "runtimes.0: there is no runtime 'node'; there"),
        ("[models.sample]\n[floors.uint8]\nworst = 2", "[floors.uint8]: worst: Input should be"),
        ('[models.sample]\n[release]\nversion = "1 2"', "[release.version]: invalid version '1 2'"),
        (
            '[models.mine]\ngraph = "a\\u0000.pb"',
            "[models.mine]: graph: contains a NUL character",
        ),
        ("[models.sample\n", "is not a TOML file"),
        ('[models."../up"]', "[models.../up]: "),
    ],
)
def test_a_slip_is_one_line_that_names_file_table_and_key(config, text, complaint):
    path = config(text)
    with pytest.raises(DlconvError) as caught:
        read_config(path)
    assert caught.value.message.startswith(str(path))
    assert complaint in caught.value.message
    assert "\n" not in caught.value.message


def test_the_file_is_found_from_below(config, tmp_path):
    below = tmp_path / "web" / "site"
    below.mkdir(parents=True)
    with pytest.raises(UsageError, match="there is no dlconv.toml"):
        find_config(below)
    path = config("[models.sample]")
    assert find_config(below) == path
    assert read_config(find_config(below)).folder == tmp_path


def test_the_one_that_init_writes_is_right_also_where_comments_are_taken_away(tmp_path, config):
    path = write_template(tmp_path)
    assert path.read_text() == TEMPLATE.read_text()
    assert list(read_config(path).models) == ["sample"]
    with pytest.raises(UsageError, match="is there already"):
        write_template(tmp_path)
    lines = [_uncommented(line) for line in TEMPLATE.read_text().splitlines()]
    full = read_config(config("\n".join(lines)))
    assert plan(full, load_registry(), Access())
    assert set(full.models) == {"sample", "mine"}
    assert set(full.floors) == {"uint8", "tfjs-uint8"}
    assert full.release.version == "1.0.0"
    assert full.publish.targets


def _uncommented(line):
    return line[2:] if line.startswith("# [") or (" = " in line and line[0] == "#") else line
