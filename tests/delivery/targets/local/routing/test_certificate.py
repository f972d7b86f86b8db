"""The router's certificate is one that TLS accepts, made once, its key for its owner alone."""

from __future__ import annotations

import ssl
from pathlib import Path

from delivery.targets.local.routing.certificate import certificate


def test_it_is_made_once_and_fits_its_key(tmp_path: Path) -> None:
    file, key = certificate(tmp_path / "tls")
    made = file.read_bytes(), key.read_bytes()
    assert certificate(tmp_path / "tls") == (file, key)
    assert (file.read_bytes(), key.read_bytes()) == made
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key)
    assert key.stat().st_mode & 0o077 == 0
