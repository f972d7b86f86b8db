"""The hashes of a folder's files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from serving.digests import file_hashes


def test_every_file_has_its_hash_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").write_bytes(b"one")
    (tmp_path / "c.txt").write_bytes(b"")
    hashes = file_hashes(tmp_path)
    assert hashes == {
        "a/b.txt": hashlib.sha256(b"one").hexdigest(),
        "c.txt": hashlib.sha256(b"").hexdigest(),
    }
