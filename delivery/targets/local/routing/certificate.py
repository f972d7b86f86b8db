"""A certificate that nobody meets.

Traefik wants a default one even where it speaks plain HTTP only. Without it, it makes an RSA key
at each change of the route, which takes 20 to 300 ms of the time that a rollback takes; with it,
a change takes 4 to 11 ms (Traefik 3.7, two cores).
"""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from delivery.files import write_whole

YEARS = 10


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate and its key in `folder`, made if they are not there."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not (_is_whole(certificate) and _is_whole(key)):
        secret = ec.generate_private_key(ec.SECP256R1())
        private = secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_whole(key, private.decode())  # readable by its owner alone
        write_whole(certificate, _self_signed(secret))
    return certificate, key


def _is_whole(file: Path) -> bool:
    """Has it an end? A file that was cut short has none."""
    try:
        return "-----END" in file.read_text(encoding="ascii")
    except (OSError, ValueError):
        return False


def _self_signed(secret: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .sign(secret, hashes.SHA256())
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode()
