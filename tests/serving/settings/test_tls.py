"""TLS files come in pairs, and are tried before the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.settings.tls import CERTIFICATE, CLIENTS, KEY, Tls, read_tls
from serving.strict import DocumentError
from tests.serving.authority import Authority


@pytest.mark.parametrize("missing", [CERTIFICATE, KEY])
def test_half_a_pair_of_tls_files_is_refused(missing: str) -> None:
    files = {CERTIFICATE: "a.pem", KEY: "a.key", CLIENTS: "ca.pem"}
    assert read_tls(files) == Tls(Path("a.pem"), Path("a.key"), Path("ca.pem"))
    assert read_tls({}) is None
    with pytest.raises(DocumentError, match=missing):
        read_tls({name: file for name, file in files.items() if name != missing})


def test_tls_files_are_tried_before_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a")
    certificate, key = authority.issue("server")
    Tls(certificate, key, authority.certificate).check()
    for wrong in (Tls(certificate, tmp_path / "none"), Tls(certificate, authority.issue("b")[1])):
        with pytest.raises(DocumentError, match="TLS cannot use these files"):
            wrong.check()
