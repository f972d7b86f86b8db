"""A layer's bytes depend on paths and contents, on nothing else of the machine that makes it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

from delivery.image.layer import Layer, write_layer
from tests.delivery.image.made import empty, files

CONTENTS = {"opt/b/two": "2", "opt/b/one": "1", "opt/a": "a"}


def made(folder: Path, contents: dict[str, str] = CONTENTS) -> Layer:
    return write_layer(empty(folder / "layout"), "files", files(folder / "files", contents))


def test_place_time_order_and_modes_do_not_count(tmp_path: Path) -> None:
    first = made(tmp_path / "one")
    other = tmp_path / "another place"
    layout, found = empty(other / "layout"), files(other / "files", CONTENTS)
    for file in found.values():
        os.utime(file, (1, 1))
        file.chmod(0o700)
    second = write_layer(layout, "files", dict(reversed(found.items())))
    assert (second.blob, second.diff_id) == (first.blob, first.diff_id)


def test_content_and_path_count(tmp_path: Path) -> None:
    first = made(tmp_path / "one")
    for number, change in enumerate(({"opt/a": "b"}, {"opt/c": "a"})):
        assert made(tmp_path / str(number), CONTENTS | change).diff_id != first.diff_id


def test_entries_are_sorted_and_belong_to_root(tmp_path: Path) -> None:
    layer = made(tmp_path)
    packed = (tmp_path / "layout" / "blobs" / "sha256" / layer.blob.digest[7:]).read_bytes()
    plain = gzip.decompress(packed)
    assert layer.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    assert layer.blob.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
    assert (layer.size, layer.blob.size) == (len(plain), len(packed))
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [
        "opt",
        "opt/a",
        "opt/b",
        "opt/b/one",
        "opt/b/two",
    ]
    assert {(x.uid, x.gid, x.uname, x.gname, x.mtime) for x in members} == {(0, 0, "", "", 0)}
    assert {x.mode for x in members if x.isdir()} == {0o755}
    assert {x.mode for x in members if x.isreg()} == {0o644}
