import re
import subprocess
import sys
from pathlib import Path

import pytest

from dlconv.errors import DlconvError
from dlconv.net.sources import local_path, mirrored
from dlconv.registry.models import DEFAULT_MODEL, load_registry
from dlconv.storage.digests import is_hex_digest

ENTRY = """
[models.mine]
url = "https://example.org/models/mine.tar.gz"
dataset = "voc"
crop = [513, 513]
"""


@pytest.fixture
def extra(tmp_path: Path) -> Path:
    return tmp_path / "extra.toml"


def test_the_default_model_is_pinned_and_has_the_classes_of_pascal_voc() -> None:
    model = load_registry().find(DEFAULT_MODEL)
    assert model.is_pinned
    assert model.tarball_bytes == 23_882_985
    assert model.dataset.classes[15] == "person"
    assert model.dataset.colours[15] == (192, 128, 128)
    assert model.crop == (513, 513)


def test_every_zoo_model_is_known() -> None:
    registry = load_registry()
    zoo = [model for model in registry.models.values() if model.name != "sample"]
    assert len(zoo) == 18
    for model in zoo:
        assert re.fullmatch(r"https://download\.tensorflow\.org/models/[\w-]+\.tar\.gz", model.url)
        assert model.licence == "Apache-2.0"
        assert model.miou
        for digests in (model.tarball_digests, model.graph_digests):
            assert all(is_hex_digest(*item) for item in digests.items())


def test_every_dataset_has_as_many_classes_as_it_should() -> None:
    datasets = load_registry().datasets
    counts = {name: len(dataset.classes) for name, dataset in datasets.items()}
    assert counts == {"voc": 21, "cityscapes": 19, "ade20k": 151, "coco": 91, "shapes": 5}
    assert all(len(d.colours) == len(d.classes) for d in datasets.values())
    assert all(dataset.terms for dataset in datasets.values())
    assert datasets["ade20k"].ignore_label == 0
    assert datasets["cityscapes"].colours[0] == (128, 64, 128)


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(DlconvError) as caught:
        load_registry().find("mobilenetv2_coco_voc_trainag")
    assert "mobilenetv2_coco_voc_trainaug" in caught.value.hint


def test_an_extra_file_adds_models_and_datasets(extra: Path) -> None:
    extra.write_text(
        ENTRY.replace('"voc"', '"two"')
        + '[datasets.two]\nclasses = ["no", "yes"]\ncolours = ["#000000", "#FF8000"]\n'
    )
    registry = load_registry(extra)
    assert registry.find("mine").dataset.colours == ((0, 0, 0), (255, 128, 0))
    assert DEFAULT_MODEL in registry.models


def test_an_overriding_entry_inherits_nothing(extra: Path) -> None:
    extra.write_text(ENTRY.replace("mine", DEFAULT_MODEL))
    model = load_registry(extra).find(DEFAULT_MODEL)
    assert model.tarball_bytes is None
    assert not model.tarball_digests
    assert not model.graph_digests
    assert not model.is_pinned


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("dataset", "datset", "there is no key 'datset'; did you mean dataset?"),
        ('dataset = "voc"', 'dataset = "vox"', "unknown dataset 'vox'"),
        ("crop = [513, 513]", "crop = [513]", "crop.1: Field required"),
        ("crop = [513, 513]", "crop = [513, true]", "crop.1: Input should be a valid integer"),
        ("crop", "size = 3\ncrop", "there is no key 'size'; known are url, "),
        ("crop", '"a\\nb" = 3\ncrop', r"there is no key 'a\nb'; "),
        ("crop", "tarball_bytes = -1\ncrop", "tarball_bytes: Input should be greater than 0"),
        ("crop", 'graph_digests = { md5 = "abc" }\ncrop', "md5 must be 32 hex digits"),
        ("crop", f'graph_digests = {{ sha1 = "{"a" * 40}" }}\ncrop', "unknown algorithm 'sha1'"),
        ("crop", "miou = [75.3]\ncrop", "miou.0: Input should be"),
        (
            "crop",
            'miou = [{ percent = 100.1, protocol = "" }]\ncrop',
            "miou.0.percent: Input should",
        ),
        ("crop", 'miou = [{ percent = nan, protocol = "" }]\ncrop', "miou.0.percent: Input should"),
        ("crop", 'miou = [{ percent = 1, protocol = "", at = 2 }]\ncrop', "miou.0.at: "),
        ("crop", 'photos = "https://a.org/b"\ncrop', "photos: must be"),
        ("https://example.org", "../models", "url: '../models/models/mine.tar.gz' is not an http"),
        ("https:", "ftp:", "is not an http, https, file or package URL"),
        ("https://example.org", "package:../..", "leaves the package"),
        ("https://example.org", "file://other-host", "is not of the form file:///path"),
        ("//example", "//me:hunter2@example", "'https://***@example.org/models/mine.tar.gz' holds"),
        ("//example", "//me:hunter2/@example", "/models/mine.tar.gz' is not a URL"),
        ("//example", "//hunter2@example", "holds an account, which would be published; a"),
        (".tar.gz", ".tar.gz?token=hunter2", "mine.tar.gz?***' holds a query"),
    ],
)
def test_a_slip_in_an_entry_is_one_line_that_names_file_and_entry(
    extra: Path, old: str, new: str, complaint: str
) -> None:
    extra.write_text(ENTRY.replace(old, new))
    with pytest.raises(DlconvError) as caught:
        load_registry(extra)
    assert caught.value.message.startswith(f"{extra}: [models.mine]: ")
    assert complaint in caught.value.message
    assert "\n" not in caught.value.message
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('classes = ["no", "yes"]', "colours: Field required"),
        ('classes = ["no", "yes"]\ncolours = []', "2 classes but 0 colours"),
        ('classes = ["no", "no"]\ncolours = "voc"', "classes: the names must be different"),
        ('classes = []\ncolours = "voc"', "classes: Tuple should have at least 1 item"),
        ('classes = ["no"]\ncolours = ["#00000g"]', "colours.0: String should match"),
        ('classes = ["no"]\ncolours = "voc"\nignore_label = true', "ignore_label: Input should be"),
    ],
)
def test_a_slip_in_a_dataset_is_named(extra: Path, content: str, complaint: str) -> None:
    extra.write_text(f"[datasets.two]\n{content}\n")
    with pytest.raises(DlconvError) as caught:
        load_registry(extra)
    assert caught.value.message.startswith(f"{extra}: [datasets.two]: {complaint}")


@pytest.mark.parametrize(
    "content",
    ["[models", "models = 3", "[models]\nmine = 3", '[models."../mine"]', "[model.mine]", "\0"],
)
def test_a_malformed_file_is_named(extra: Path, content: str) -> None:
    extra.write_text(content)
    with pytest.raises(DlconvError, match=re.escape(str(extra))):
        load_registry(extra)


def test_a_file_that_is_absent_or_not_text_is_named(extra: Path) -> None:
    with pytest.raises(DlconvError, match="cannot read"):
        load_registry(extra)
    extra.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DlconvError, match="not a TOML file"):
        load_registry(extra)


def test_a_mirror_replaces_scheme_and_host_and_leaves_local_sources_alone() -> None:
    url = "https://download.tensorflow.org/models/x.tar.gz"
    assert mirrored(url, None) == url
    assert mirrored(url, "http://127.0.0.1:8000") == "http://127.0.0.1:8000/models/x.tar.gz"
    assert mirrored(url, "http://host/zoo/") == "http://host/zoo/models/x.tar.gz"
    assert mirrored(url, "file:///srv/my%20zoo") == "file:///srv/my%20zoo/models/x.tar.gz"
    assert local_path("file:///srv/my%20zoo/x") == Path("/srv/my zoo/x")
    token = "http://me:secret@host/zoo/?token=secret"
    assert mirrored(url, token) == "http://me:secret@host/zoo/models/x.tar.gz?token=secret"
    assert mirrored("package:sample/x.tar.gz", "http://host") == "package:sample/x.tar.gz"
    assert mirrored("file:///x.tar.gz", "http://host") == "file:///x.tar.gz"
    for wrong in ("127.0.0.1:8000", "/srv/zoo", "ftp://host", "package:sample", "http://"):
        with pytest.raises(DlconvError, match="mirror"):
            mirrored(url, wrong)


def test_importing_the_registry_loads_no_heavy_library() -> None:
    code = (
        "import sys, dlconv.registry.models, dlconv.fetch.fetch, dlconv.terminal.progress\n"
        "print([m for m in ('requests', 'rich', 'tenacity', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
