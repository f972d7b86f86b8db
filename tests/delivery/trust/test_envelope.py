"""A signature is over these bytes, of this type, by this key, and over nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from delivery.errors import InputError
from delivery.trust.envelope import genuine, sign
from delivery.trust.keys import own_key, public_half


def test_only_the_signed_bytes_of_the_signed_type_are_genuine(tmp_path: Path) -> None:
    mine = own_key({"XDG_DATA_HOME": str(tmp_path / "mine")}, make=True)
    other = own_key({"XDG_DATA_HOME": str(tmp_path / "other")}, make=True)
    assert mine is not None
    assert other is not None
    signature = sign("text/a", b"content", mine)
    assert genuine("text/a", b"content", signature, public_half(mine))
    assert not genuine("text/b", b"content", signature, public_half(mine))
    assert not genuine("text/a", b"content.", signature, public_half(mine))
    assert not genuine("text/a", b"content", signature, public_half(other))
    assert not genuine("text/a", b"content", b"", public_half(mine))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_every_curve_that_signs_releases_signs(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert genuine("t", b"x", sign("t", b"x", pem), public_half(pem))


def test_what_is_signed_is_the_protocols_own_example() -> None:
    """So that other tools can read our signatures, and today's code those of before."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    kind, payload = "http://example.com/HelloWorld", b"hello world"
    encoded = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    ecdsa = ec.ECDSA(hashes.SHA256())
    key.public_key().verify(sign(kind, payload, pem), encoded, ecdsa)
    assert genuine(kind, payload, key.sign(encoded, ecdsa), public_half(pem))


def test_a_key_that_cannot_sign_is_named() -> None:
    with pytest.raises(InputError, match=r"^the signing key holds no private key"):
        sign("t", b"x", "nonsense")
