"""A bundle is read as it was written, and a changed one is not genuine."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from sigstore_models.bundle.v1 import Bundle as Reader

from delivery.errors import InputError
from delivery.trust.bundle import read_bundle, write_bundle
from delivery.trust.keys import own_key, public_half

STATEMENT = b'{"subject": []}'


def test_it_is_read_as_it_was_written(pem: str) -> None:
    bundle = read_bundle(write_bundle(STATEMENT, pem), "sig")
    key = public_half(pem)
    assert (bundle.payload, bundle.key_id) == (STATEMENT, key.id)
    assert bundle.genuine(key)


def test_by_another_key_or_over_other_bytes_it_is_not_genuine(pem: str, tmp_path: Path) -> None:
    text = write_bundle(STATEMENT, pem)
    other = own_key({"XDG_DATA_HOME": str(tmp_path)}, make=True)
    assert other is not None
    assert not read_bundle(text, "sig").genuine(public_half(other))
    content = json.loads(text)
    content["dsseEnvelope"]["payload"] = base64.b64encode(b'{"subject": [1]}').decode()
    assert not read_bundle(json.dumps(content), "sig").genuine(public_half(pem))


def test_sigstores_own_reader_takes_it(pem: str) -> None:
    read = Reader.from_json(write_bundle(STATEMENT, pem))
    assert read.verification_material.tlog_entries == []
    assert read.verification_material.public_key.hint == public_half(pem).id
    assert read.dsse_envelope.payload == STATEMENT


@pytest.mark.parametrize("part", ["payloadType", "payload", "signatures"])
def test_what_is_no_bundle_is_named(pem: str, part: str) -> None:
    content = json.loads(write_bundle(STATEMENT, pem))
    content["dsseEnvelope"][part] = "text/plain"
    for text in (json.dumps(content), "", "[]", "{}"):
        with pytest.raises(InputError, match=r"r-1\.sig.*signature by a key"):
            read_bundle(text, "r-1.sig")
