"""What a container of an image would find: its layers laid over each other, the lowest first."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from delivery.errors import InputError
from delivery.image.layout import Image

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
LARGEST = 20 * 1024**3  # bytes of one layer's archive: more is an archive made to fill a disk


@dataclass(frozen=True, slots=True)
class Entry:
    """A path of an image. `sha256` is empty unless it is a file; `layer` counts from 0."""

    kind: str  # file, folder, link or special
    mode: int
    owner: int
    sha256: str
    layer: int


def contents(image: Image) -> Mapping[str, Entry]:
    """Path, without a slash before it → what is there.

    Raises:
        InputError: a layer is damaged, or is not the one that the configuration names.
    """
    if len(image.layers) != len(image.diff_ids):
        raise InputError(
            f"{image.digest} has {len(image.layers)} layers, and its configuration "
            f"{len(image.diff_ids)}"
        )
    entries: dict[str, Entry] = {}
    for number in range(len(image.layers)):
        entries = _over(entries, layer_contents(image, number))
    return entries


def texts(image: Image, wanted: Callable[[str], bool]) -> Mapping[str, str]:
    """Path → text of the files that a container would find, of those that are wanted.

    Raises:
        InputError: a layer is damaged.
    """
    files = {
        path: entry.layer
        for path, entry in contents(image).items()
        if entry.kind == "file" and wanted(path)
    }
    found: dict[str, str] = {}
    for number in sorted(set(files.values())):
        found |= _texts(image, number, {path for path in files if files[path] == number})
    return found


def _texts(image: Image, number: int, names: Set[str]) -> Mapping[str, str]:
    file = image.layout.checked(image.layers[number].digest)
    with _opened(file, image.diff_ids[number]) as archive:
        return {
            name: stream.read().decode(errors="replace")
            for member in archive
            if (name := _name(member)) in names and (stream := archive.extractfile(member))
        }


def layer_contents(image: Image, number: int) -> Mapping[str, Entry]:
    """What one layer brings, whiteouts (`.wh.NAME`) among it."""
    blob, diff_id = image.layers[number], image.diff_ids[number]
    try:
        with _opened(image.layout.checked(blob.digest), diff_id) as archive:
            return dict(_entries(archive, number))
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise InputError(f"layer {number} of {image.digest} cannot be read: {error}") from error


def unpacked_size(image: Image, number: int) -> int:
    """Bytes of the archive of one layer. Raises InputError as contents does."""
    try:
        return _read(image.layout.checked(image.layers[number].digest), lambda _: None)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"layer {number} of {image.digest} cannot be read: {error}") from error


def _over(below: Mapping[str, Entry], above: Mapping[str, Entry]) -> dict[str, Entry]:
    gone: set[str] = set()  # with all below it
    emptied: set[str] = set()  # what lay below it; "" is the root
    brought: dict[str, Entry] = {}
    for path, entry in above.items():
        folder, _, name = path.rpartition("/")
        if name == OPAQUE:
            emptied.add(folder)
        elif name.startswith(WHITEOUT):
            gone.add(f"{folder}/{name.removeprefix(WHITEOUT)}".lstrip("/"))
        else:
            brought[path] = entry
            if entry.kind != "folder":  # it may have been one
                emptied.add(path)
    hiding = gone | emptied
    kept = {
        path: entry
        for path, entry in below.items()
        if path not in gone and hiding.isdisjoint(_above(path))
    }
    return {**kept, **brought}


def _above(path: str) -> Iterator[str]:
    """The folders of a path, the root among them."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _entries(archive: tarfile.TarFile, number: int) -> Iterator[tuple[str, Entry]]:
    hashes: dict[str, str] = {}
    for member in archive:
        name = _name(member)
        if name in ("", "."):
            continue
        if ".." in name.split("/"):
            raise InputError(f"layer {number} has the path {member.name!r}, which climbs out")
        kind, sha256 = "special", ""
        if member.isreg():
            stream = archive.extractfile(member)
            assert stream is not None, "a file"
            kind, sha256 = "file", hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        elif member.islnk():
            target = member.linkname.removeprefix("./").strip("/")
            kind, sha256 = "file", hashes.get(target, "")
        elif member.isdir():
            kind = "folder"
        elif member.issym():
            kind = "link"
        hashes[name] = sha256
        yield name, Entry(kind, member.mode & 0o7777, member.uid, sha256, number)


def _name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./").strip("/")


@contextmanager
def _opened(file: Path, diff_id: str) -> Iterator[tarfile.TarFile]:
    """The archive of a layer, read once to see that it is the one named."""
    sha256 = hashlib.sha256()
    _read(file, sha256.update)
    if f"sha256:{sha256.hexdigest()}" != diff_id:
        raise InputError(f"{file} is not the layer {diff_id} of the configuration")
    with _plain(file) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        yield archive


def _read(file: Path, look: Callable[[bytes], None]) -> int:
    """Let `look` see all of a layer's archive; its size in bytes."""
    size = 0
    with _plain(file) as stream:
        while block := stream.read(1 << 20):
            look(block)
            size += len(block)
            if size > LARGEST:
                raise InputError(f"{file} unpacks to more than {LARGEST} bytes")
    return size


def _plain(file: Path) -> gzip.GzipFile:
    with file.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            raise InputError(f"{file} is no layer in gzip, the one compression that is read here")
    return gzip.GzipFile(file)
