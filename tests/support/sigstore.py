"""A Sigstore of one's own on loopback, and a CI job that it knows.

It has what keyless signing asks for: a token of the job's identity, a certificate authority that
puts the identity into a certificate of some minutes, a log of certificates and one of signatures.
"""

import base64
import datetime
import hashlib
import http.server
import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

IDENTITY = "https://github.com/me/models/.github/workflows/release.yml@refs/tags/v1"
PROVIDER = "https://token.example.org"
_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
_START = {"start": "2020-01-01T00:00:00Z"}


class Sigstore:
    """Its keys, its root certificate, and what it answers."""

    def __init__(self) -> None:
        self.authority, self.certificates, self.signatures = (
            ec.generate_private_key(ec.SECP256R1()) for _ in range(3)
        )
        self.url = ""
        self.root = self._certificate(
            self.authority.public_key(),
            _NAME,
            x509.BasicConstraints(ca=True, path_length=0),
            _usage(key_cert_sign=True),
            x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key()),
        )

    def environment(self) -> dict[str, str]:
        """What GitHub sets for a job that may ask for its identity."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token",
        }

    def write_trust_config(self, path: Path) -> Path:
        """Write what a client has to know."""
        service = [
            {"url": self.url, "majorApiVersion": 1, "validFor": _START, "operator": "localhost"}
        ]
        chain = {"certificates": [{"rawBytes": _text(self.root.public_bytes(Encoding.DER))}]}
        authority = {"subject": {"organization": "me", "commonName": "authority"}}
        authority.update(uri=self.url, certChain=chain, validFor=_START)
        content = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [self._log(self.signatures)],
                "ctlogs": [self._log(self.certificates)],
                "certificateAuthorities": [authority],
                "timestampAuthorities": [],
            },
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": service,
                "oidcUrls": service,
                "rekorTlogUrls": service,
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaUrls": [],
                "tsaConfig": {"selector": "ANY"},
            },
        }
        path.write_text(json.dumps(content))
        return path

    def answer(self, path: str, request: dict) -> dict:
        """Answer a GET request, which is empty, or a POST request."""
        if path == "/.well-known/openid-configuration":
            return {"authorization_endpoint": self.url, "token_endpoint": self.url}
        if path == "/token":
            return {"value": _token()}
        if path == "/api/v2/signingCert":
            return self._certify(request)
        return self._enter(request)

    def _log(self, key: ec.EllipticCurvePrivateKey) -> dict:
        public = {"rawBytes": _text(_der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
        public["validFor"] = _START
        log = {"baseUrl": self.url, "hashAlgorithm": "SHA2_256", "publicKey": public}
        return {**log, "logId": {"keyId": _text(_key_id(key))}}

    def _certify(self, request: dict) -> dict:
        asked = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"]))
        public_key = self.authority.public_key()
        extensions = (
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(IDENTITY)]),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
            _usage(digital_signature=True),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key),
            x509.UnrecognizedExtension(_ISSUER, PROVIDER.encode()),
        )
        nobody, serial = x509.Name([]), x509.random_serial_number()
        first = self._certificate(asked.public_key(), nobody, *extensions, serial=serial)
        seen = x509.UnrecognizedExtension(_TIMESTAMPS, self._timestamps(first))
        whole = self._certificate(asked.public_key(), nobody, *extensions, seen, serial=serial)
        chain = [each.public_bytes(Encoding.PEM).decode() for each in (whole, self.root)]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}

    def _certificate(self, key, subject, *extensions, serial=1) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, second=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_NAME)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
        )
        critical = (x509.SubjectAlternativeName, x509.KeyUsage, x509.BasicConstraints)
        for extension in extensions:
            builder = builder.add_extension(extension, isinstance(extension, critical))
        return builder.sign(self.authority, hashes.SHA256())

    def _timestamps(self, certificate: x509.Certificate) -> bytes:
        """The list of one signed certificate timestamp (RFC 6962) over a precertificate."""
        content, stamp = certificate.tbs_certificate_bytes, int(time.time()) * 1000
        entry = _key_id(self.authority) + struct.pack("!I", len(content))[1:] + content
        signature = _sign(self.certificates, struct.pack("!BBQH", 0, 0, stamp, 1) + entry + b"\0\0")
        head = struct.pack(
            "!B32sQHBBH", 0, _key_id(self.certificates), stamp, 0, 4, 3, len(signature)
        )
        one = head + signature
        return _octets(struct.pack("!HH", len(one) + 2, len(one)) + one)

    def _enter(self, request: dict) -> dict:
        """Enter a signature as the only one into the log of signatures."""
        proposed = request["spec"]["proposedContent"]
        envelope = json.loads(proposed["envelope"])
        (signature,) = envelope["signatures"]
        payload = base64.b64decode(envelope["payload"])
        body = _canonical(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": _hash(proposed["envelope"].encode()),
                    "payloadHash": _hash(payload),
                    "signatures": [
                        {"signature": signature["sig"], "verifier": proposed["verifiers"][0]}
                    ],
                },
            }
        )
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"localhost - 1\n1\n{_text(root)}\n"
        signed = _key_id(self.signatures)[:4] + _sign(self.signatures, note.encode())
        entry = {
            "body": _text(body),
            "integratedTime": int(time.time()),
            "logID": _key_id(self.signatures).hex(),
            "logIndex": 0,
        }
        promise = _text(_sign(self.signatures, _canonical(entry)))
        proof = {"logIndex": 0, "treeSize": 1, "hashes": [], "rootHash": root.hex()}
        proof["checkpoint"] = f"{note}\n\u2014 localhost {_text(signed)}\n"
        entry["verification"] = {"signedEntryTimestamp": promise, "inclusionProof": proof}
        return {"0" * 64: entry}


@contextmanager
def serve() -> Iterator[Sigstore]:
    """Serve a new Sigstore."""
    made = Sigstore()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer({})

        def do_POST(self):
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, request):
            content = json.dumps(made.answer(self.path.partition("?")[0], request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


def _token() -> str:
    now = int(time.time())
    claims = {"iss": PROVIDER, "sub": IDENTITY, "aud": "sigstore", "iat": now, "exp": now + 600}
    return jwt.encode(claims, "k" * 32, algorithm="HS256")


def _usage(**named) -> x509.KeyUsage:
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    names += ["key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{**dict.fromkeys(names, False), **named})


def _der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(_der(key)).digest()


def _sign(key: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def _octets(content: bytes) -> bytes:
    """Less than 256 bytes, in DER."""
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return b"\x04" + length + content


def _hash(content: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}


def _canonical(content: dict) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
