"""Keys to sign with, and certificates of a root of one's own."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Keys:
    """A key pair in files; ``key`` is the private key."""

    private: Path
    public: Path
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Authority:
    """A root certificate, and one below it that signs."""

    root: Path
    certificate: Path


def write_keys(folder, curve=None) -> Keys:
    key = ec.generate_private_key(curve or ec.SECP256R1())
    private, public = folder / "key.pem", folder / "key.pub"
    folder.mkdir(exist_ok=True)
    private.write_bytes(pem(key))
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return Keys(private, public, key)


def pem(key, encryption=None) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    )


def certify(keys: Keys, folder) -> Authority:
    """Make a root of one's own, and a certificate from it for a key."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root, leaf = folder / "root.pem", folder / "leaf.pem"
    root.write_bytes(_certificate("root", root_key.public_key(), root_key, is_root=True))
    leaf.write_bytes(_certificate("signer", keys.key.public_key(), root_key, is_root=False))
    return Authority(root, leaf)


def _certificate(name, public_key, signing_key, is_root) -> bytes:
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    usage = dict.fromkeys(
        ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
        + ["crl_sign", "encipher_only", "decipher_only"],
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not is_root, key_cert_sign=is_root, **usage),
            critical=True,
        )
    )
    return builder.sign(signing_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
