"""A signature over bytes of a stated type, as DSSE makes it (protocol 1.0.2).

The type is signed along with the bytes, so that a signature over one kind of document is none
over another.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from delivery.trust.keys import PublicKey, private_key

# As model-signing chooses them by the size of the curve.
HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}


def sign(kind: str, payload: bytes, pem: str) -> bytes:
    """The signature by a private key as PEM."""
    key = private_key(pem, "the signing key")
    return key.sign(_encoded(kind, payload), ec.ECDSA(HASHES[key.curve.key_size]))


def genuine(kind: str, payload: bytes, signature: bytes, key: PublicKey) -> bool:
    """Did the private half of `key` sign this?"""
    public = key.key
    try:
        public.verify(signature, _encoded(kind, payload), ec.ECDSA(HASHES[public.curve.key_size]))
    except InvalidSignature:
        return False
    return True


def _encoded(kind: str, payload: bytes) -> bytes:
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
