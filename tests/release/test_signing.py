"""Releases that are signed, and signatures that do not count."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from support.keys import certify, pem, write_keys

from dlconv.errors import DlconvError
from dlconv.release.check import check_release
from dlconv.release.document import SIGNATURE_NAME, SUMS_NAME
from dlconv.release.signing import PrivateKey, sign_release
from dlconv.release.sums import sums
from dlconv.release.trust import Certificates, PublicKey


def said(folder, trust=None):
    return [str(problem) for problem in check_release(folder, trust)]


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_release_signed_with_a_key_is_known_by_the_other(release, tmp_path, curve):
    keys = write_keys(tmp_path / "keys", curve)
    before = (release / SUMS_NAME).read_text()
    sign_release(release, PrivateKey(keys.private))
    assert said(release, PublicKey(keys.public)) == []
    assert said(release) == []
    lines = (release / SUMS_NAME).read_text().splitlines()
    assert [line for line in lines if not line.endswith(f"  {SIGNATURE_NAME}")] == (
        before.splitlines()
    )


def test_model_signing_itself_verifies_it(signed, keys):
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(signed)]
    options = ["--signature", str(signed / SIGNATURE_NAME), "--public_key", str(keys.public)]
    called = subprocess.run([*command, *options], capture_output=True, text=True)
    assert called.returncode == 0, called.stderr
    (signed / "release.json").write_text("{}")
    assert subprocess.run([*command, *options], capture_output=True).returncode != 0


def test_a_link_to_a_release_is_signed_and_checked_as_the_release(release, keys, tmp_path):
    (tmp_path / "link").symlink_to(release)
    (tmp_path / "in").mkdir()
    link = tmp_path / "in" / ".." / "link"
    sign_release(link, PrivateKey(keys.private))
    for folder in (link, release):
        assert said(folder, PublicKey(keys.public)) == []
    (release / "README.md").write_text("changed")
    assert said(link, PublicKey(keys.public)) == said(release, PublicKey(keys.public)) != []


def test_in_a_folder_of_releases_the_one_to_sign_is_named(release, keys):
    with pytest.raises(DlconvError, match=rf"name the folder of a release, such as {release}"):
        sign_release(release.parent, PrivateKey(keys.private))


def test_a_folder_whose_name_is_no_text_is_not_signed(release, keys):
    moved = release.rename(release.with_name("caf\udce9"))
    with pytest.raises(DlconvError, match=r"its name is not UTF-8 \(hint: rename it"):
        sign_release(moved, PrivateKey(keys.private))
    assert said(moved) == []


def test_another_key_does_not_count(signed, tmp_path):
    stranger = write_keys(tmp_path / "stranger")
    (problem,) = said(signed, PublicKey(stranger.public))
    assert problem.startswith("model.sig: does not verify: Key mismatch")


def test_a_stranger_who_pretends_to_have_the_key_is_found(release, keys, tmp_path):
    stranger = write_keys(tmp_path / "stranger")
    sign_release(release, PrivateKey(keys.private))
    hint = json.loads((release / SIGNATURE_NAME).read_bytes())["verificationMaterial"]
    sign_release(release, PrivateKey(stranger.private))
    bundle = json.loads((release / SIGNATURE_NAME).read_bytes())
    (release / SIGNATURE_NAME).write_text(json.dumps({**bundle, "verificationMaterial": hint}))
    (release / SUMS_NAME).write_bytes(sums(release))
    assert said(release, PublicKey(keys.public)) == ["model.sig: does not verify: InvalidSignature"]


@pytest.mark.parametrize(
    "name", ["onnx-float32/model.onnx", "release.json", "statement.intoto.json"]
)
def test_a_file_changed_with_all_that_lists_it_is_named(signed, name):
    with (signed / name).open("ab") as file:
        file.write(b"\n")
    (signed / SUMS_NAME).write_bytes(sums(signed))
    assert f"{name}: is not the file that was signed" in said(signed)


def test_files_that_came_or_went_after_signing_are_named(signed, keys):
    (signed / "more.txt").write_text("more")
    (signed / "statement.intoto.json").unlink()
    (signed / SUMS_NAME).write_bytes(sums(signed))
    found = said(signed, PublicKey(keys.public))
    assert "more.txt: was not signed" in found
    assert "statement.intoto.json: was signed and is missing" in found


def test_a_changed_signature_is_found(signed, keys):
    path = signed / SIGNATURE_NAME
    bundle = json.loads(path.read_bytes())
    (signature,) = bundle["dsseEnvelope"]["signatures"]
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[-1] ^= 1
    signature["sig"] = base64.b64encode(bytes(raw)).decode()
    path.write_text(json.dumps(bundle))
    assert said(signed) == [
        "model.sig: is not the file that SHA256SUMS lists: one of the two was changed"
    ]
    (signed / SUMS_NAME).write_bytes(sums(signed))
    assert said(signed, PublicKey(keys.public)) == ["model.sig: does not verify: InvalidSignature"]


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"dsseEnvelope": {"payload": "e30="}}', "[" * 100_000]
)
def test_what_is_no_signature_is_called_so(signed, keys, content):
    (signed / SIGNATURE_NAME).write_text(content)
    (signed / SUMS_NAME).write_bytes(sums(signed))
    assert said(signed, PublicKey(keys.public)) == [
        "model.sig: is not a signature as model-signing writes it"
    ]


def test_a_signature_that_is_asked_for_has_to_be_there(release, keys):
    assert said(release, PublicKey(keys.public)) == [
        "model.sig: is missing: the release is not signed"
    ]


def test_a_certificate_counts_by_its_root(release, keys, tmp_path):
    authority = certify(keys, tmp_path)
    sign_release(release, PrivateKey(keys.private, authority.certificate))
    assert said(release, Certificates([authority.root])) == []
    sign_release(release, PrivateKey(keys.private, authority.certificate, [authority.root]))
    assert said(release, Certificates([authority.root])) == []
    (tmp_path / "other").mkdir()
    other = certify(keys, tmp_path / "other")
    (problem,) = said(release, Certificates([other.root]))
    assert problem.startswith("model.sig: does not verify: ")
    (problem,) = said(release, PublicKey(keys.public))
    assert problem.startswith("model.sig: does not verify: ")


def test_a_certificate_of_another_key_signs_nothing(release, keys, tmp_path):
    authority = certify(write_keys(tmp_path / "other"), tmp_path)
    with pytest.raises(DlconvError, match="does not match the public key paired with"):
        sign_release(release, PrivateKey(keys.private, authority.certificate))
    assert not (release / SIGNATURE_NAME).exists()


def test_signing_again_takes_the_place_of_the_first(signed, tmp_path):
    second = write_keys(tmp_path / "second")
    (signed / SIGNATURE_NAME).write_text("{}")
    sign_release(signed, PrivateKey(second.private))
    assert said(signed, PublicKey(second.public)) == []


def test_a_release_with_which_something_is_wrong_is_not_signed(release, keys):
    (release / "onnx-float32" / "model.onnx").write_bytes(b"")
    with pytest.raises(DlconvError, match=r"cannot be signed: onnx-float32/model\.onnx"):
        sign_release(release, PrivateKey(keys.private))
    assert not (release / SIGNATURE_NAME).exists()


def test_a_file_whose_name_is_no_text_was_not_signed(signed, keys):
    Path(os.fsdecode(bytes(signed) + b"/caf\xe9.js")).write_text("alert(1)")
    (signed / SUMS_NAME).write_bytes(sums(signed))
    assert "caf\\udce9.js: was not signed" in said(signed, PublicKey(keys.public))
    with pytest.raises(DlconvError, match="cannot be signed"):
        sign_release(signed, PrivateKey(keys.private))


def test_files_that_are_no_keys_are_said_in_a_line(release, tmp_path, keys):
    key = tmp_path / "key"
    for content in (
        b"",
        b"not a key",
        pem(rsa.generate_private_key(65537, 2048)),
        pem(ec.generate_private_key(ec.SECP256K1())),
        pem(keys.key, serialization.BestAvailableEncryption(b"secret")),
    ):
        key.write_bytes(content)
        with pytest.raises(DlconvError, match="a key, certificate or trust config cannot be used"):
            sign_release(release, PrivateKey(key))
    with pytest.raises(DlconvError, match="cannot read .*/missing: No such file"):
        sign_release(release, PrivateKey(tmp_path / "missing"))
    sign_release(release, PrivateKey(keys.private))
    with pytest.raises(DlconvError, match="a key, certificate or trust config cannot be used"):
        check_release(release, PublicKey(keys.private))


def test_the_command_signs_and_checks(release, keys):
    def call(*arguments):
        command = [sys.executable, "-m", "dlconv", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True)

    called = call("sign", release, "--private-key", keys.private)
    assert (called.returncode, called.stdout) == (0, f"{release}: signed\n")
    called = call("check", release, "--public-key", keys.public)
    assert called.returncode == 0
    assert called.stdout.endswith("every byte is as packed; signed by the trusted signer\n")
    assert call("sign", release).returncode == 2
    assert call("check", release, "--identity", "me@example.org").returncode == 2


def test_without_the_extra_a_line_says_what_to_install(release, keys):
    code = (
        "import sys; sys.modules['model_signing'] = None\n"
        "from dlconv.cli import app; app(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "sign", str(release)]
    called = subprocess.run(
        [*command, "--private-key", str(keys.private)], capture_output=True, text=True
    )
    assert called.returncode == 1
    assert "error: signatures need model-signing: " in called.stderr
    assert "pip install 'dlconv[sign]'" in called.stderr
    assert "Traceback" not in called.stderr
