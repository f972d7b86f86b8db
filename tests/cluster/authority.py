"""Certificates of a cluster that lives for a day, and the kubeconfigs that carry them."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

LIFE = datetime.timedelta(days=1)
CLOCK = datetime.timedelta(minutes=5)
NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs for everybody in `folder`; its key is in memory alone."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls, folder: Path) -> Authority:
        """A new one, with its certificate at `folder`/ca.crt."""
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("cluster for tests")
        certificate = (
            _begun(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder, certificate, key)
        private(made.ca, _pem(certificate))
        return made

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    def issue(self, file: str, user: str, *groups: str) -> tuple[Path, Path]:
        """Certificate and key for `user`, who is also what listens on 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        places = [*map(x509.DNSName, NAMES), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
        certificate = (
            _begun(_name(user, *groups), self.certificate.subject, key)
            .add_extension(x509.SubjectAlternativeName(places), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage([Usage.SERVER_AUTH, Usage.CLIENT_AUTH]), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        paths = self.folder / f"{file}.crt", self.folder / f"{file}.key"
        private(paths[0], _pem(certificate))
        private(paths[1], key_pem(key))
        return paths

    def kubeconfig(self, file: Path, server: str, user: str, *groups: str) -> Path:
        """A kubeconfig of `user` for the API server at `server`, all inside and private."""
        certificate, key = self.issue(file.stem, user, *groups)
        cluster = {"server": server, "certificate-authority-data": _inline(self.ca)}
        credentials = {
            "client-certificate-data": _inline(certificate),
            "client-key-data": _inline(key),
        }
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": credentials}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "current-context": "test",
        }
        private(file, json.dumps(content).encode())  # JSON is YAML
        return file


def key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private(file: Path, content: bytes) -> None:
    """Write what nobody else may read, not even for a moment."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK)
        .not_valid_after(now + LIFE)
    )


def _name(user: str, *groups: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _inline(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
