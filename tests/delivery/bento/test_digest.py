"""A content hash depends on paths and bytes alone, and on all of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.bento.digest import content_sha256, file_hashes, manifest, release_id, tree_sha256
from delivery.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "bento"
    for name in ("bento.yaml", "a/b.txt", "a-b.txt", "é/ü.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")
    return root


def test_the_hash_is_the_one_that_sha256sum_gives(folder: Path) -> None:
    """So that it can be checked without this code."""
    command = "find . -type f | LC_ALL=C sort | cut -c3- | xargs sha256sum | sha256sum"
    printed = subprocess.run(
        command, shell=True, cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    assert content_sha256(folder) == tree_sha256(folder) == printed.split()[0]


def test_a_release_id_is_the_start_of_the_hash(folder: Path) -> None:
    sha256 = content_sha256(folder)
    assert release_id(sha256) == f"r-{sha256[:12]}"


def test_modes_times_and_empty_folders_do_not_count(folder: Path) -> None:
    before = content_sha256(folder)
    (folder / "a" / "b.txt").chmod(0o755)
    os.utime(folder / "a" / "b.txt", (0, 0))
    (folder / "empty").mkdir()
    assert content_sha256(folder) == before


def flip(folder: Path) -> None:
    file = folder / "a" / "b.txt"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte": flip,
    "a name": lambda folder: (folder / "a-b.txt").rename(folder / "a-c.txt"),
    "a place": lambda folder: (folder / "a-b.txt").rename(folder / "a" / "a-b.txt"),
    "one file more": lambda folder: (folder / "new").touch(),
    "one file less": lambda folder: (folder / "a-b.txt").unlink(),
    "the manifest": lambda folder: (folder / "bento.yaml").write_text("creation_time: now"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_everything_else_counts(folder: Path, change: Callable[[Path], object]) -> None:
    before = content_sha256(folder)
    change(folder)
    assert content_sha256(folder) != before


def test_symlinks_and_special_files_are_refused(folder: Path) -> None:
    (folder / "link").symlink_to("bento.yaml")
    with pytest.raises(InputError, match="link: a symlink"):
        content_sha256(folder)
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(InputError, match="pipe: a special file"):
        content_sha256(folder)


def test_a_symlinked_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "outside").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(InputError, match="outside: a symlink"):
        file_hashes(folder)


@pytest.mark.parametrize("name", ["two\nlines", "back\\slash", "not-utf8-\udcff"])
def test_names_that_sha256sum_would_escape_are_refused(folder: Path, name: str) -> None:
    try:
        (folder / name).touch()
    except OSError:
        pytest.skip("this file system does not take such a name")
    with pytest.raises(InputError, match="a file name"):
        file_hashes(folder)


def test_a_folder_that_is_no_bento_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"bento\.yaml is missing"):
        content_sha256(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        tree_sha256(tmp_path / "nowhere")


def test_the_list_of_files_is_what_is_hashed(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("two\n")
    (tmp_path / "a").write_text("one\n")
    text = manifest(tmp_path)
    assert [line.split("  ")[1] for line in text.splitlines()] == ["a", "b"]
    assert hashlib.sha256(text.encode()).hexdigest() == tree_sha256(tmp_path)


def test_files_are_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    """Upper case first, and a character beyond the BMP after one near its end: neither the order
    without case nor that of UTF-16."""
    names = ["B", "a", "\uffee", "\U0001f600"]
    for name in reversed(names):
        (tmp_path / name).touch()
    assert list(file_hashes(tmp_path)) == names
