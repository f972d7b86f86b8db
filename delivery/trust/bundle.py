"""A Sigstore bundle by a key: a DSSE envelope around an in-toto statement, and the key's id.

Whoever knows the format can check it with the public key alone. Nothing of it went to a log.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from delivery.errors import InputError
from delivery.trust.envelope import genuine, sign
from delivery.trust.keys import PublicKey, public_half

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was signed, by the key that it claims. Nothing of it holds before `genuine` did."""

    key_id: str
    payload: bytes
    signature: bytes

    def genuine(self, key: PublicKey) -> bool:
        """Was this signed by the private half of `key`?"""
        return genuine(PAYLOAD, self.payload, self.signature, key)


def write_bundle(payload: bytes, pem: str) -> str:
    """The file with an in-toto statement, signed by a private key as PEM."""
    signature = base64.b64encode(sign(PAYLOAD, payload, pem)).decode()
    content = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": public_half(pem).id}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD,
            "signatures": [{"sig": signature, "keyid": ""}],
        },
    }
    return json.dumps(content, indent=1) + "\n"


def read_bundle(text: str, source: str) -> Bundle:
    """The inverse of `write_bundle`. InputError for anything else."""
    try:
        content = json.loads(text)
        envelope = content["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
        key_id = content["verificationMaterial"]["publicKey"]["hint"]
        known = envelope["payloadType"] == PAYLOAD and isinstance(key_id, str)
    except (ValueError, KeyError, TypeError, IndexError, binascii.Error) as error:
        raise InputError(f"{source} is no signature by a key ({error!r})") from error
    if not known:
        raise InputError(f"{source}: not a signature by a key over an in-toto statement")
    return Bundle(key_id, payload, signature)
